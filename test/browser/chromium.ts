import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Starts the Chromium that the jest configuration found; it talks to nobody but the pages under test. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM_PATH,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

export interface WatchedPage {
  readonly page: Page;
  /** What the page should not have done: console messages, uncaught errors, requests to another host, pop-ups. */
  readonly complaints: string[];
}

/** Opens a page of its own profile on a phone-sized or larger screen, and writes down whatever goes wrong on it. */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const { origin: asked, protocol } = new URL(request.url());
    if (asked !== origin && protocol !== 'data:') complaints.push(`request to ${request.url()}`);
  });
  return { page, complaints };
}

/** Closes a page and what it opened. A request that a test answers may be on its way: nobody waits for it any more. */
export async function closePage({ page }: WatchedPage): Promise<void> {
  const context = page.context();
  await Promise.all(context.pages().map((each) => each.unrouteAll({ behavior: 'ignoreErrors' })));
  await context.close();
}
