import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { eventually } from '../helpers/eventually.ts';
import { closePage, launchChromium, openPage, type WatchedPage } from './chromium.ts';

const { source: AXE } = axe;

export const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 800 };

/** Every kind of screen on which a page must look well. */
export const screens = [PHONE, DESKTOP].flatMap((viewport) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ viewport, colorScheme })),
);

/** Where pictures of the dashboard are put; none are taken without it. */
export const { SCREENSHOT_DIR } = process.env;

interface Opening extends BrowserContextOptions {
  readonly key?: string;
  /** What is to be set up before the page loads. */
  readonly prepare?: (page: Page) => Promise<unknown>;
}

export interface Dashboard {
  /** Opens the dashboard of a service at an address below `/`, such as `#/votes/colors`. */
  open(url: string, address?: string, opening?: Opening): Promise<Page>;
  /** Requests of this test may fail in that way, which a browser complains of. */
  tolerate(status: string): void;
  /** The page of this test throws an error with that text. */
  tolerateError(text: string): void;
  /** The page of this test does what matches a pattern, such as asking another host. */
  tolerateComplaint(pattern: RegExp): void;
}

/** A Chromium for the tests of a file. A test fails when its page complains of anything that the test does not tolerate. */
export function useDashboard(): Dashboard {
  let browser: Browser;
  let watched: WatchedPage | undefined;
  let tolerated: RegExp[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    const complaints = watched?.complaints.filter((text) => !tolerated.some((pattern) => pattern.test(text)));
    if (watched) await closePage(watched);
    watched = undefined;
    tolerated = [];
    expect(complaints).toEqual([]);
  });
  return {
    async open(url, address = '', { key, prepare, ...options } = {}) {
      watched = await openPage(browser, url, options);
      const { page } = watched;
      if (key) await page.addInitScript(`sessionStorage.setItem('portside-api-key', ${JSON.stringify(key)})`);
      await prepare?.(page);
      await page.goto(`${url}/${address}`);
      return page;
    },
    tolerate: (status) => tolerated.push(new RegExp(`^error: Failed to load resource: .*${status}`)),
    tolerateError: (text) => tolerated.push(new RegExp(`^uncaught: .*${text}`)),
    tolerateComplaint: (pattern) => tolerated.push(pattern),
  };
}

export const connection = (page: Page): Locator => page.locator('.connection');

/** What stands under a name among the figures of a page. */
export const figure = (page: Page, name: string): Locator =>
  page
    .locator('.figure')
    .filter({ has: page.getByText(name, { exact: true }) })
    .locator('.figure-value');

/** What is to be seen of the elements that a selector names. */
export const visibleTexts = (page: Page, selector: string): Promise<string[]> =>
  page.locator(`:is(${selector}):visible`).allInnerTexts();

export const reads = async (locator: Locator, text: string | RegExp, withinMs = 20_000): Promise<void> => {
  const holds = (now: string): boolean => (typeof text === 'string' ? now.includes(text) : text.test(now));
  await eventually(() => locator.innerText(), holds, withinMs);
};

/** What axe finds wrong with a page. */
export const violations = async (page: Page): Promise<string[]> => {
  await page.evaluate(AXE);
  return page.evaluate<string[]>(`axe.run().then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ': ' + node.failureSummary + ' ' + node.html)))`);
};

/** By how much a page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** Takes a picture of a page, where pictures are wanted. */
export const picture = async (page: Page, name: string): Promise<void> => {
  if (!SCREENSHOT_DIR) return;
  mkdirSync(SCREENSHOT_DIR, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOT_DIR, `${name}.png`) });
};

/** Takes a picture of a page and holds it against what every page promises. */
export const expectGood = async (page: Page, name: string): Promise<void> => {
  const { width = 0 } = page.viewportSize() ?? {};
  const scheme = await page.evaluate<string>("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'");
  await picture(page, `${name}-${width}-${scheme}`);
  await expect(violations(page)).resolves.toEqual([]);
  expect(await overflow(page)).toBe(0);
};
