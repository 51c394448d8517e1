import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { ServerProcess } from '../helpers/server-process.ts';
import { type AnotherClient, anotherClient, KEY } from './another-client.ts';
import { connection, expectGood, figure, reads, screens, useDashboard } from './dashboard.ts';

describe('the end of a poll on the page of votes, in Chromium', () => {
  const dashboard = useDashboard();
  const SWEEP_MS = 12_000;
  let server: ServerProcess;
  let client: AnotherClient;
  /** When the first sweep was, epoch ms; the others follow every {@link SWEEP_MS}. */
  let sweptAt: number;
  beforeAll(async () => {
    server = await ServerProcess.start({ API_KEYS: `organiser=${KEY}`, SWEEP_SECONDS: String(SWEEP_MS / 1_000) });
    sweptAt = Date.now();
    client = anotherClient(server.url);
  });
  afterAll(async () => {
    expect(await server?.stop()).toMatchObject({ code: 0 });
  });

  const open = (poll: string, options: Parameters<typeof dashboard.open>[2] = {}): Promise<Page> =>
    dashboard.open(server.url, `#/votes/${poll}`, options);
  const choices = ['YES', 'NO'];
  const ending = (page: Page) => page.locator('.ending');
  const status = (page: Page) => page.locator('.status');

  it('tells everybody who watches when and by whom it was closed, and that the counts agree', async () => {
    const poll = await client.createPoll({ question: 'By hand?', choices });
    for (const choice of ['YES', 'YES', 'NO']) await client.vote(poll, choice);
    const page = await open(poll);
    await reads(connection(page), 'Live');
    await expect(ending(page).isVisible()).resolves.toBe(false);
    await client.closePoll(poll);
    await reads(status(page), /^Closed$/);
    await reads(ending(page), /Closed on \d+ \w+ \d{4}, \d\d:\d\d UTC\S* by organiser\./);
    await reads(ending(page), /Audited on .*: 3 ballots = 3 counters = 3 in the tally\./);
    await reads(connection(page), 'Up to date');
    await page.reload();
    await reads(ending(page), '3 ballots = 3 counters = 3 in the tally');
  });

  it('counts the last votes between the closing time and the end of the count', async () => {
    // Soon after a sweep, so that there is time to see the poll before the next one ends its count.
    const sweeps = Math.ceil((Date.now() + 6_000 - sweptAt) / SWEEP_MS);
    const closesAt = new Date(sweptAt + sweeps * SWEEP_MS + 3_000).toISOString();
    const poll = await client.createPoll({ question: 'By the clock?', choices, closesAt, hideUntilClose: true });
    await client.vote(poll, 'YES');
    const page = await open(poll);
    await reads(page.locator('.note'), 'hidden until the poll closes');
    await reads(status(page), 'Counting the last votes', 30_000);
    await reads(page.locator('.note'), 'shown when the last votes are counted');
    await reads(figure(page, 'Votes'), 'Hidden');
    await reads(status(page), /^Closed$/, 30_000);
    await reads(figure(page, 'Votes'), /^1$/);
    await reads(ending(page), /as scheduled\.\s+✓ Audited on .*: 1 ballot = 1 counter = 1 in the tally\./);
  });

  it('shows the turnout of a poll that hides its results', async () => {
    const poll = await client.createPoll({ question: 'Secret?', choices, hideUntilClose: true });
    const page = await open(poll);
    await reads(figure(page, 'Ballots'), /^0$/);
    await client.vote(poll, 'NO');
    await client.vote(poll, 'YES');
    await reads(figure(page, 'Ballots'), /^2$/);
    await reads(figure(page, 'Votes'), 'Hidden');
    await expect(page.locator('.bar:visible').count()).resolves.toBe(0);
    await client.closePoll(poll);
    await reads(figure(page, 'Votes'), /^2$/);
    await expect(figure(page, 'Ballots').isVisible()).resolves.toBe(false);
  });

  it('shows a new audit to the organiser who asked for it', async () => {
    const poll = await client.createPoll({ question: 'Again?', choices });
    await client.vote(poll, 'YES');
    await client.closePoll(poll);
    const page = await open(poll, { key: KEY });
    await reads(ending(page), '1 ballot = 1 counter = 1 in the tally');
    const read = page.waitForResponse(`**/polls/${poll}`);
    await page.getByRole('button', { name: 'Audit again' }).click();
    await reads(page.locator('.controls'), 'The counts agree.');
    expect((await read).ok()).toBe(true);
  });

  it.each(screens)('reads well and hides nothing from anybody: %j', async ({ viewport, colorScheme }) => {
    const poll = await client.createPoll({ question: 'Who joins the board?', choices: ['Amara', 'Björk', 'Chidi'] });
    for (const choice of ['Amara', 'Chidi', 'Björk', 'Chidi']) await client.vote(poll, choice);
    await client.closePoll(poll);
    const page = await open(poll, { viewport, colorScheme });
    await reads(ending(page), 'Audited on');
    await expectGood(page, 'ended');
  });
});
