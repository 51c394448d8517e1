import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { KEY } from './another-client.ts';
import { expectGood, PHONE, picture, reads, screens, useDashboard } from './dashboard.ts';

const AUTHORIZATION = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };

describe('the page on which people vote, in Chromium without script', () => {
  const dashboard = useDashboard();
  let server: ServerProcess;
  let made = 0;
  /** A site that shows the page in a frame; only as 127.0.0.1 may it do so. */
  const site = createServer(({ url = '/' }, response) => {
    const framed = `${server.url}${url}`;
    response
      .setHeader('content-type', 'text/html')
      .end(`<!doctype html><html lang="en"><title>Site</title><iframe title="Vote" src="${framed}"></iframe></html>`);
  });
  let sitePort: number;
  beforeAll(async () => {
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    sitePort = (site.address() as AddressInfo).port;
    server = await ServerProcess.start({
      API_KEYS: `browser=${KEY}`,
      EMBED_ORIGINS: `http://127.0.0.1:${sitePort}`,
    });
  });
  afterAll(async () => {
    site.close();
    site.closeAllConnections();
    expect(await server?.stop()).toMatchObject({ code: 0 });
  });

  async function given(fields: object = {}): Promise<string> {
    const pollId = `mails-${++made}`;
    const answer = await fetch(`${server.url}/polls`, {
      method: 'POST',
      headers: AUTHORIZATION,
      body: JSON.stringify({
        pollId,
        question: 'Did you enjoy this letter?',
        choices: ['Yes', 'No'],
        questions: [
          { id: 'why', text: 'What did you like?' },
          { id: 'next', text: 'What should the next one be about?' },
        ],
        ...fields,
      }),
    });
    expect(answer.status).toBe(201);
    return pollId;
  }
  const open = (address: string, opening: object = {}): Promise<Page> =>
    dashboard.open(server.url, address, { javaScriptEnabled: false, ...opening });
  const answersOf = async (pollId: string): Promise<unknown> =>
    (
      (await (await fetch(`${server.url}/polls/${pollId}/answers`, { headers: AUTHORIZATION })).json()) as {
        answers: unknown;
      }
    ).answers;
  const total = async (pollId: string): Promise<number> =>
    ((await (await fetch(`${server.url}/polls/${pollId}/results`)).json()) as { total: number }).total;
  const hasTotal = (pollId: string, votes: number) =>
    eventually(
      () => total(pollId),
      (count) => count === votes,
    );

  it('takes a vote from a link and then the answers, with keys alone', async () => {
    const pollId = await given();
    const page = await open(`vote/${pollId}?choice=yes&v=mail-7-reader-4711-2b9c`, { viewport: PHONE });
    expect(await total(pollId)).toBe(0);

    await page.keyboard.press('Enter');
    await reads(page.getByRole('status'), 'Your vote for Yes is counted.');
    await page.keyboard.press('Tab');
    await page.keyboard.type('The examples.');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Streams.');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await reads(page.locator('main'), 'Your answers are kept.');

    expect(await page.getByLabel('What did you like?').inputValue()).toBe('The examples.');
    expect(await answersOf(pollId)).toMatchObject([
      { choice: 'Yes', answers: { why: 'The examples.', next: 'Streams.' }, revision: 1 },
    ]);
    await hasTotal(pollId, 1);
  });

  it('counts a vote once, however often its form is sent, and a reload of the page never', async () => {
    const pollId = await given();
    const page = await open(`vote/${pollId}`);
    await page.getByRole('button', { name: 'No' }).dblclick();
    await page.getByRole('status').waitFor();
    await page.reload();
    await page.getByRole('status').waitFor();

    await hasTotal(pollId, 1);
  });

  it('votes for nothing by Enter in the field of the voter, and names a second vote', async () => {
    const pollId = await given({ voterLimit: 'one', questions: [] });
    const page = await open(`vote/${pollId}`, { viewport: PHONE });
    await page.getByLabel('Your name or address').fill('ada@example.org');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Yes' }).click();
    await reads(page.getByRole('status'), 'Your vote for Yes is counted.');

    dashboard.tolerate('409');
    await page.goto(`${server.url}/vote/${pollId}`);
    await page.getByLabel('Your name or address').fill('ADA@example.org');
    await page.getByRole('button', { name: 'No' }).click();
    await reads(page.getByRole('alert'), 'under this name somebody has voted already');
    await hasTotal(pollId, 1);
  });

  it('takes votes in a frame of a listed site, and is empty in that of another', async () => {
    const pollId = await given();
    dashboard.tolerateComplaint(/^request to http:\/\/(127\.0\.0\.1|localhost):/);
    const page = await dashboard.open(`http://127.0.0.1:${sitePort}`, `vote/${pollId}`, { javaScriptEnabled: false });
    const frame = page.frameLocator('iframe');
    await frame.getByRole('button', { name: 'Yes' }).click();
    await reads(frame.getByRole('status'), 'Your vote for Yes is counted.');
    await hasTotal(pollId, 1);

    dashboard.tolerateComplaint(/^error: .*frame-ancestors/);
    await page.goto(`http://localhost:${sitePort}/vote/${pollId}`);
    await eventually(
      async () => page.frames().map((each) => each.url()),
      (urls) => urls.some((url) => url.startsWith('chrome-error://')),
    );
  });

  it('says what to do about a link that is not complete, and about a second vote from one', async () => {
    const pollId = await given();
    dashboard.tolerate('4[0-9][0-9]');
    const page = await open(`vote/${pollId}?v=mail-7`, { viewport: PHONE });
    await reads(page.getByRole('alert'), 'This link is not complete.');
    await picture(page, 'voting-link-360');

    const link = `${server.url}/vote/${pollId}?v=mail-7-reader-4711-2b9c`;
    await page.goto(link);
    const other = await page.context().newPage();
    await other.goto(link);
    await page.getByRole('button', { name: 'Yes' }).click();
    await reads(page.getByRole('status'), 'Your vote for Yes is counted.');
    await other.getByRole('button', { name: 'No' }).click();
    await reads(other.getByRole('status'), 'You have voted already: your vote for Yes counts.');
    await picture(other, 'voting-again-360');
  });

  it.each(screens)('is good to read and to use on $viewport.width px, $colorScheme', async (screen) => {
    const pollId = await given({ voterLimit: 'one' });
    const v = `screen-${made}-0123456789-abc`;
    // The check of the page itself is a script.
    const page = await open(`vote/${pollId}?choice=yes&v=${v}`, {
      ...screen,
      javaScriptEnabled: true,
      bypassCSP: true,
    });
    await expectGood(page, 'voting');
    for (const button of await page.locator('button:visible').all())
      expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44);
    await page.getByLabel('Your name or address').fill('ada@example.org');
    await page.getByRole('button', { name: 'Yes' }).click();
    await page.getByRole('status').waitFor();
    await expectGood(page, 'voted');
  });
});
