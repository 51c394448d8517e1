import { afterAll, beforeAll, expect } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { type AnotherClient, anotherClient, KEY } from './another-client.ts';
import type { Dashboard } from './dashboard.ts';

export type Opening = Parameters<Dashboard['open']>[2] & { readonly url?: string };

export interface VotesPage {
  readonly url: string;
  readonly client: AnotherClient;
  /** Opens the dashboard at an address below `/`, of this service or of another one. */
  open(address?: string, opening?: Opening): Promise<Page>;
  /** @returns the id of a new poll */
  colours(): Promise<string>;
  /** The total of a poll, once nothing is under way any more. */
  settledTotal(page: Page, poll: string): Promise<number>;
}

/** A service for the tests of a file about the page of votes. */
export function useVotesPage(dashboard: Dashboard): VotesPage {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await ServerProcess.start({ API_KEYS: `browser=${KEY}` });
  });
  afterAll(async () => {
    expect(await server?.stop()).toMatchObject({ code: 0 });
  });
  return {
    get url() {
      return server.url;
    },
    get client() {
      return anotherClient(server.url);
    },
    open: (address = '', { url = server.url, ...opening } = {}) => dashboard.open(url, address, opening),
    colours: () =>
      anotherClient(server.url).createPoll({ question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'] }),
    async settledTotal(page, poll) {
      await page.locator('.vote[aria-disabled="true"]').first().waitFor({ state: 'detached' });
      return (await anotherClient(server.url).results(poll)).total;
    },
  };
}

export const row = (page: Page, choice: string): Locator => page.locator('.choice').filter({ hasText: choice });

export const voteFor = (page: Page, choice: string): Locator =>
  page.getByRole('button', { name: `Vote for ${choice}`, exact: true });

export const voteAgainFor = (page: Page, choice: string): Locator =>
  page.getByRole('button', { name: `Vote again for ${choice}`, exact: true });

/** Writes down the identities under which a page sends votes. */
export function watchIdentities(page: Page): (string | undefined)[] {
  const identities: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/votes')) identities.push(request.headers()['idempotency-key']);
  });
  return identities;
}

/** How much of the bar of a choice is filled, as it is painted. */
export async function filled(page: Page, choice: string): Promise<number> {
  const [bar, fill] = await Promise.all([
    row(page, choice).locator('.bar').boundingBox(),
    row(page, choice).locator('.bar-fill').boundingBox(),
  ]);
  if (!bar || !fill) throw new Error('there is no bar');
  return (fill.x + fill.width - bar.x) / bar.width;
}

/** Waits until the bar of a choice is painted with that share. */
export const fills = (page: Page, choice: string, share: number): Promise<number> =>
  eventually(
    () => filled(page, choice),
    (painted) => Math.abs(painted - share) < 0.005,
  );

/** As when somebody goes to another tab, or comes back. */
export const setHidden = (page: Page, hidden: boolean): Promise<unknown> =>
  page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));`);
