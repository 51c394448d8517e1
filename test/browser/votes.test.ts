import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { type AnotherClient, anotherClient, KEY } from './another-client.ts';
import {
  connection,
  expectGood,
  figure,
  overflow,
  PHONE,
  picture,
  reads,
  SCREENSHOT_DIR,
  screens,
  useDashboard,
  violations,
  visibleTexts,
} from './dashboard.ts';
import { dampStreams } from './stream-damper.ts';

type Opening = Parameters<ReturnType<typeof useDashboard>['open']>[2] & { readonly url?: string };

describe('the dashboard and its page of votes, in Chromium', () => {
  const dashboard = useDashboard();
  let server: ServerProcess;
  let client: AnotherClient;
  beforeAll(async () => {
    server = await ServerProcess.start({ API_KEYS: `browser=${KEY}` });
    client = anotherClient(server.url);
  });
  afterAll(async () => {
    expect(await server?.stop()).toMatchObject({ code: 0 });
  });

  const open = (address = '', { url = server.url, ...opening }: Opening = {}): Promise<Page> =>
    dashboard.open(url, address, opening);
  const row = (page: Page, choice: string): Locator => page.locator('.choice').filter({ hasText: choice });
  const voteFor = (page: Page, choice: string): Locator =>
    page.getByRole('button', { name: `Vote for ${choice}`, exact: true });
  const voteAgainFor = (page: Page, choice: string): Locator =>
    page.getByRole('button', { name: `Vote again for ${choice}`, exact: true });

  /** Writes down the identities under which a page sends votes. */
  const watchIdentities = (page: Page): (string | undefined)[] => {
    const identities: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/votes')) identities.push(request.headers()['idempotency-key']);
    });
    return identities;
  };

  /** The total of a poll, once nothing is under way any more. */
  const settledTotal = async (page: Page, poll: string): Promise<number> => {
    await page.locator('.vote[aria-disabled="true"]').first().waitFor({ state: 'detached' });
    return (await client.results(poll)).total;
  };

  /** How much of the bar of a choice is filled, as it is painted. */
  async function filled(page: Page, choice: string): Promise<number> {
    const [bar, fill] = await Promise.all([
      row(page, choice).locator('.bar').boundingBox(),
      row(page, choice).locator('.bar-fill').boundingBox(),
    ]);
    if (!bar || !fill) throw new Error('there is no bar');
    return (fill.x + fill.width - bar.x) / bar.width;
  }
  const fills = (page: Page, choice: string, share: number): Promise<number> =>
    eventually(
      () => filled(page, choice),
      (painted) => Math.abs(painted - share) < 0.005,
    );

  /** As when somebody goes to another tab, or comes back. */
  const setHidden = (page: Page, hidden: boolean) =>
    page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));`);

  const colours = () => client.createPoll({ question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'] });

  it('begins with an open poll', async () => {
    const fresh = await ServerProcess.start();
    try {
      const page = await open('', { url: fresh.url });
      await reads(page.locator('.headline'), 'Which colour?');
      await reads(page.locator('.status'), 'Open');
      await reads(connection(page), 'Live');
      await reads(figure(page, 'Votes'), /^0$/);
      expect(page.url()).toBe(`${fresh.url}/#/votes/colors`);
      await page.close();
    } finally {
      expect(await fresh.stop()).toMatchObject({ code: 0 });
    }
  });

  it('moves the bars, without a reload, as this viewer and others vote', async () => {
    const poll = await colours();
    const page = await open(`#/votes/${poll}`);
    await page.evaluate('window.isTheSamePage = true');
    expect(await filled(page, 'RED')).toBeCloseTo(0);

    await voteFor(page, 'RED').click();
    await reads(row(page, 'RED'), /1 vote\s+100\.0%/);
    await fills(page, 'RED', 1);
    await reads(row(page, 'RED').locator('.vote'), 'Counted');

    await Promise.all(['green', 'green', 'blue'].map((choice) => client.vote(poll, choice)));
    await reads(row(page, 'GREEN'), /2 votes\s+50\.0%/);
    await fills(page, 'GREEN', 0.5);
    await fills(page, 'RED', 0.25);
    await fills(page, 'BLUE', 0.25);
    await reads(figure(page, 'Votes'), /^4$/);
    await expect(page.evaluate('window.isTheSamePage')).resolves.toBe(true);
  });

  it('tells how fast votes come and how fresh the figures are', async () => {
    const poll = await colours();
    const page = await open(`#/votes/${poll}`);
    await reads(connection(page), 'Live');
    await reads(figure(page, 'Votes per second'), /^0\.0$/);

    await Promise.all(Array.from({ length: 30 }, () => client.vote(poll, 'RED')));
    // Thirty votes are an average of five a second over the last six seconds.
    await reads(figure(page, 'Votes per second'), /^[5-9]\.\d$|^[12]\d\.\d$|^30\.0$/);
    await reads(figure(page, 'As of'), /^\d\d:\d\d:\d\d$/);
    await reads(figure(page, 'Delay'), /^\d+ ms$/);
    await reads(figure(page, 'Votes per second'), /^0\.0$/, 12_000);
  });

  it('reads changing figures out seldom enough to be listened to', async () => {
    const poll = await colours();
    const page = await open(`#/votes/${poll}`, { prepare: (page) => page.clock.install() });
    await reads(connection(page), 'Live');
    await page.evaluate(`
      window.spoken = [];
      for (const region of document.querySelectorAll('[aria-live], [role="status"], [role="alert"]'))
        new MutationObserver(() => window.spoken.push(region.textContent))
          .observe(region, { childList: true, characterData: true, subtree: true });`);
    for (let batch = 1; batch <= 10; batch++) {
      await client.vote(poll, 'RED');
      await reads(figure(page, 'Votes'), String(batch));
    }
    await voteFor(page, 'GREEN').click();
    await eventually(
      () => page.evaluate<string[]>('window.spoken'),
      (spoken) => spoken.length > 0,
    );
    const said = 'Your vote for GREEN is counted.';
    await expect(page.evaluate('window.spoken')).resolves.toEqual([said]);
    await reads(figure(page, 'Votes'), '11');
    await page.clock.fastForward(20_000);
    await eventually(
      () => page.evaluate<string[]>('window.spoken'),
      (spoken) => spoken.length > 1,
    );
    const figures = '11 votes. RED 90.9%. GREEN 9.1%. BLUE 0.0%.';
    await expect(page.evaluate('window.spoken')).resolves.toEqual([said, figures]);
  });

  it('sends a vote whose answer got lost again, so that it counts once', async () => {
    dashboard.tolerate('net::ERR_FAILED');
    const poll = await colours();
    const page = await open(`#/votes/${poll}`);
    const keys: (string | undefined)[] = [];
    await page.route('**/votes', async (route) => {
      keys.push(route.request().headers()['idempotency-key']);
      if (keys.length > 1) return route.continue();
      await route.fetch();
      await route.abort();
    });

    await voteFor(page, 'BLUE').click();
    await reads(row(page, 'BLUE').locator('.vote'), 'Counted');
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^[\x21-\x7e]{16,128}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(await client.results(poll)).toMatchObject({ total: 1 });

    await voteAgainFor(page, 'BLUE').click();
    await reads(figure(page, 'Votes'), /^2$/);
    expect(new Set(keys).size).toBe(2);
  });

  it('keeps a vote that cannot be sent, to be sent again by hand', async () => {
    dashboard.tolerate('net::ERR_FAILED');
    const poll = await colours();
    const page = await open(`#/votes/${poll}`);
    const keys = new Set<string | undefined>();
    await page.route('**/votes', (route) => {
      keys.add(route.request().headers()['idempotency-key']);
      return route.abort();
    });
    await voteFor(page, 'RED').click();
    await reads(row(page, 'RED').getByRole('alert'), 'cannot be reached', 10_000);

    await page.unroute('**/votes');
    const sent = page.waitForRequest('**/votes');
    await row(page, 'RED').getByRole('button', { name: 'Send this vote again' }).press('Enter');
    keys.add((await sent).headers()['idempotency-key']);
    await expect(page.evaluate("document.activeElement.closest('.vote')?.textContent")).resolves.toContain(
      'Vote for RED',
    );
    await reads(figure(page, 'Votes'), /^1$/);
    expect(keys.size).toBe(1);
    await expect(row(page, 'RED').getByRole('alert').count()).resolves.toBe(0);
  });

  it('says when the connection is lost, and recovers by itself', async () => {
    dashboard.tolerate('net::ERR_');
    const first = await ServerProcess.start();
    let second: ServerProcess | undefined;
    try {
      await anotherClient(first.url).vote('colors', 'RED');
      const page = await open('#/votes/colors', { url: first.url });
      await reads(connection(page), 'Live');
      await reads(figure(page, 'Votes'), /^1$/);

      expect(await first.stop()).toMatchObject({ code: 0 });
      await reads(connection(page), 'Connection lost');
      await reads(page.locator('.connection-detail:visible'), 'last figures that arrived');
      await reads(figure(page, 'Votes'), /^1$/);
      await reads(figure(page, 'Votes per second'), '–');

      second = await ServerProcess.start({ PORT: new URL(first.url).port });
      await reads(connection(page), 'Live', 20_000);
      await expect(page.locator('.connection-detail').isVisible()).resolves.toBe(false);
      // An embedded store begins anew, and the page shows what is.
      await reads(figure(page, 'Votes'), /^0$/);
      await anotherClient(second.url).vote('colors', 'BLUE');
      await reads(row(page, 'BLUE'), '1 vote');
    } finally {
      await first.stop();
      await second?.stop();
    }
  });

  it('polls where there are no server-sent events, and says when the figures catch up', async () => {
    dashboard.tolerate('501');
    const poll = await colours();
    // Of a vote long ago: a poll that rests when it is opened has caught up.
    let lagMs: number | undefined = 5_000;
    const conditional: (string | undefined)[] = [];
    const statuses: number[] = [];
    let streams = 0;
    const prepare = async (page: Page) => {
      await page.clock.install();
      await page.route('**/results/events', (route) => {
        streams += 1;
        return route.fulfill({ status: 501 });
      });
      await page.route('**/results', async (route) => {
        conditional.push(route.request().headers()['if-none-match']);
        const response = await route.fetch();
        statuses.push(response.status());
        if (lagMs === undefined || response.status() !== 200) return route.fulfill({ response });
        return route.fulfill({ response, json: { ...((await response.json()) as object), lagMs } });
      });
    };
    const page = await open(`#/votes/${poll}`, { prepare });
    await reads(connection(page), 'Polling every 2 s', 10_000);
    lagMs = undefined;
    await client.vote(poll, 'RED');
    await reads(row(page, 'RED'), '1 vote');
    await eventually(
      () => statuses.at(-1),
      (status) => status === 304,
    );
    expect(conditional.at(-1)).toMatch(/^"/);

    lagMs = 5_000;
    await client.vote(poll, 'RED');
    await reads(connection(page), 'Catching up');
    await reads(figure(page, 'Delay'), '5.0 s');
    // The delay of a vote long ago says nothing of now.
    await page.clock.fastForward(16_000);
    await reads(connection(page), 'Polling every 2 s');
    await client.vote(poll, 'RED');
    await reads(connection(page), 'Catching up');
    lagMs = undefined;
    await client.vote(poll, 'RED');
    await reads(connection(page), 'Polling every 2 s');
    await reads(figure(page, 'Votes'), /^4$/);

    // What was never there is not looked for again.
    expect(streams).toBe(2);
    await page.clock.fastForward(120_000);
    for (const votes of [5, 6]) {
      await client.vote(poll, 'RED');
      await reads(figure(page, 'Votes'), String(votes));
    }
    expect(streams).toBe(2);
  });

  it('never shows fewer votes than before, though a stream begins with an older state', async () => {
    const poll = await colours();
    const older = await client.results(poll);
    await client.vote(poll, 'RED');
    await eventually(
      () => client.results(poll),
      ({ total }) => total === 1,
    );
    let streams = 0;
    const prepare = async (page: Page) => {
      await page.addInitScript(`
        window.totals = [];
        new MutationObserver(() => {
          const total = document.querySelector('.figure-value')?.textContent;
          if (total && total !== window.totals.at(-1)) window.totals.push(total);
        }).observe(document, { childList: true, characterData: true, subtree: true });`);
      await page.route('**/results/events', (route) => {
        streams += 1;
        if (streams > 1) return route.continue();
        const body = `event: results\nid: 0\ndata: ${JSON.stringify(older)}\n\n`;
        return route.fulfill({ contentType: 'text/event-stream', body });
      });
    };
    const page = await open(`#/votes/${poll}`, { prepare });
    await reads(connection(page), 'Live');
    await client.vote(poll, 'RED');
    await reads(figure(page, 'Votes'), /^2$/);
    expect(streams).toBe(2);
    await expect(page.evaluate('window.totals')).resolves.toEqual(['1', '2']);
  });

  it('does not trust a line that is silent', async () => {
    const poll = await colours();
    const line = await dampStreams(server.url);
    let streams = 0;
    const prepare = async (page: Page) => {
      await page.clock.install();
      page.on('request', (request) => {
        if (request.url().endsWith('/events')) streams += 1;
      });
    };
    const nextStream = (count: number) =>
      eventually(
        () => streams,
        (now) => now === count,
      );
    try {
      const page = await open(`#/votes/${poll}`, { url: line.url, prepare });
      await reads(connection(page), 'Live');
      line.hush();
      await client.vote(poll, 'RED');
      await page.clock.fastForward(15_000);
      await reads(row(page, 'RED'), '1 vote');

      // Streams that bring nothing at all are given up for a while.
      for (const count of [2, 3]) {
        await nextStream(count);
        await page.clock.fastForward(5_000);
      }
      await reads(connection(page), 'Polling every 2 s');
      await client.vote(poll, 'RED');
      await reads(row(page, 'RED'), '2 votes');

      line.release();
      await page.clock.fastForward(60_000);
      await nextStream(4);
      await reads(connection(page), 'Live');
      await client.vote(poll, 'RED');
      await reads(row(page, 'RED'), '3 votes');
      await page.close();
    } finally {
      await line.close();
    }
  });

  it('holds no connection while nobody sees the page', async () => {
    const poll = await colours();
    let streams = 0;
    const ended: string[] = [];
    const prepare = async (page: Page) => {
      page.on('request', (request) => {
        if (request.url().endsWith('/events')) streams += 1;
      });
      page.on('requestfailed', (request) => ended.push(request.url()));
    };
    const page = await open(`#/votes/${poll}`, { prepare });
    await reads(connection(page), 'Live');
    await setHidden(page, true);
    await eventually(
      () => ended,
      (urls) => urls.some((url) => url.endsWith('/events')),
    );
    await client.vote(poll, 'RED');
    expect(streams).toBe(1);
    await setHidden(page, false);
    await reads(row(page, 'RED'), '1 vote');
    await eventually(
      () => streams,
      (count) => count === 2,
    );
  });

  it('can be used by keyboard alone', async () => {
    const poll = await colours();
    const page = await open(`#/votes/${poll}`);
    await reads(connection(page), 'Live');
    const focused = `(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      const { textContent: text } = document.activeElement.querySelector('.unseen') ?? document.activeElement;
      return { text, isSeen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 };
    })()`;
    const path: string[] = [];
    for (let presses = 0; presses < 60 && path.at(-1) !== 'Vote for GREEN'; presses++) {
      await page.keyboard.press('Tab');
      const { text, isSeen } = await page.evaluate<{ text: string; isSeen: boolean }>(focused);
      expect({ text, isSeen }).toEqual({ text, isSeen: true });
      path.push(text);
    }
    expect(path.slice(0, 3)).toEqual(['Skip to content', 'Portside', 'Votes']);
    expect(path).toEqual(expect.arrayContaining(['Tasks', 'Stocks', 'API docs', 'API key']));
    expect(path.slice(-2)).toEqual(['Vote for RED', 'Vote for GREEN']);
    await page.keyboard.press('Enter');
    await reads(row(page, 'GREEN'), '1 vote');
    await reads(row(page, 'GREEN'), 'Your vote');
    await page.keyboard.press('Tab');
    await expect(page.evaluate<{ text: string }>(focused)).resolves.toMatchObject({ text: ' for GREEN' });
    await settledTotal(page, poll);
    await page.keyboard.press('Space');
    await reads(row(page, 'GREEN'), '2 votes');

    // Choosing another poll in the list leads to it.
    const other = await client.createPoll({ question: 'Another question?', choices: ['A', 'B'] });
    await page.reload();
    const link = page.getByRole('link', { name: 'Another question?' });
    await link.focus();
    await page.keyboard.press('Enter');
    await eventually(
      () => page.evaluate('document.activeElement.textContent'),
      (text) => text === 'Another question?',
    );
    expect(page.url()).toContain(other);
    await reads(connection(page), 'Live');
    await page.keyboard.press('Tab');
    await expect(page.evaluate<{ text: string }>(focused)).resolves.toMatchObject({ text: 'Vote for A' });
  });

  it('leads past the list of polls', async () => {
    const poll = await colours();
    const page = await open(`#/votes/${poll}`);
    await reads(connection(page), 'Live');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect(page.evaluate('document.activeElement.id')).resolves.toBe('content');
    expect(page.url()).toContain(`#/votes/${poll}`);
  });

  it('lets a key holder create, close and recount a poll', async () => {
    const page = await open();
    await expect(page.getByRole('button', { name: 'New poll' }).isVisible()).resolves.toBe(false);
    await page.getByRole('button', { name: 'API key' }).click();
    await page.getByLabel('Key', { exact: true }).fill(KEY);
    await page.keyboard.press('Enter');
    const kept = await page.evaluate<string>('JSON.stringify([{ ...localStorage }, document.cookie])');
    expect(kept).not.toContain(KEY);

    await page.getByRole('button', { name: 'New poll' }).click();
    const dialog = page.getByRole('dialog', { name: 'New poll' });
    await dialog.getByLabel('Question').fill('Which quay?');
    await dialog.getByLabel('Choices').fill('North\n South \n\nEast');
    await dialog.getByLabel('Opens', { exact: true }).fill('2030-05-01T10:00');
    await dialog.getByLabel('Closes', { exact: true }).fill('2031-05-01T10:00');
    await dialog.getByLabel('One vote for each voter').check();
    await dialog.getByLabel('Hide the results').check();
    await dialog.getByLabel('Phone number').fill('+1 (555) 123-0000');
    await dialog.getByLabel('Id', { exact: true }).fill('quay');
    await dialog.getByRole('button', { name: 'Create the poll' }).click();
    await reads(page.locator('.headline'), 'Which quay?');
    await reads(page.locator('.meta'), 'Not open yet');
    const made = (await (await fetch(`${server.url}/polls/quay`)).json()) as object;
    expect(made).toMatchObject({
      question: 'Which quay?',
      choices: ['North', 'South', 'East'],
      opensAt: await page.evaluate("new Date('2030-05-01T10:00').toISOString()"),
      closesAt: await page.evaluate("new Date('2031-05-01T10:00').toISOString()"),
      voterLimit: 'one',
      hideUntilClose: true,
      smsNumber: '+15551230000',
    });

    const poll = await colours();
    await Promise.all([client.vote(poll, 'RED'), client.vote(poll, 'RED'), client.vote(poll, 'BLUE')]);
    await page.goto(`${server.url}/#/votes/${poll}`);
    await page.getByRole('button', { name: 'Recount' }).click();
    await reads(page.locator('.controls'), /The tally was right\.\s+Before\s+3\s+After\s+3\s+Drift\s+0/);

    await page.getByRole('button', { name: 'Close and audit' }).click();
    await page.getByRole('button', { name: 'Leave it open' }).click();
    await reads(page.locator('.status'), 'Open');
    await page.getByRole('button', { name: 'Close and audit' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Close and audit' }).click();
    await reads(page.locator('.controls'), /The counts agree\.\s+Ballots\s+3\s+Shards\s+3\s+Tally\s+3\s+Drift\s+0/);
    await reads(page.locator('.status'), 'Closed');
    await expect(voteFor(page, 'RED').isVisible()).resolves.toBe(false);
    await page.getByRole('button', { name: 'Audit again' }).click();
    await reads(page.locator('.controls'), 'The counts agree.');
    // The closed poll can still be reached from the list.
    await reads(page.locator('.side-list'), /Closed[\s\S]*Which colour\?/);

    await page.getByRole('button', { name: 'Key holder' }).click();
    await page.getByRole('button', { name: 'Forget the key' }).click();
    await expect(page.locator('.controls').isVisible()).resolves.toBe(false);
    await expect(page.evaluate('sessionStorage.length')).resolves.toBe(0);
  });

  it('puts what is wrong with a new poll into words, at the fields', async () => {
    dashboard.tolerate('400');
    dashboard.tolerate('409');
    await client.createPoll({ pollId: 'taken', question: 'First?', choices: ['A', 'B'] });
    const page = await open('', { key: KEY });
    await page.getByRole('button', { name: 'New poll' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Question').fill('Second?');
    await dialog.getByLabel('Choices').fill('tea\nTEA\nstop');
    await dialog.getByLabel('Phone number').fill('+15551230001');
    await dialog.getByLabel('Opens', { exact: true }).fill('2032-01-01T00:00');
    await dialog.getByLabel('Closes', { exact: true }).fill('2031-01-01T00:00');
    await dialog.getByRole('button', { name: 'Create the poll' }).click();
    await reads(dialog.getByRole('alert'), 'See what is said at the fields');
    const choices = dialog.getByLabel('Choices');
    await expect(choices.getAttribute('aria-invalid')).resolves.toBe('true');
    await reads(
      dialog.locator('.field').filter({ has: page.getByLabel('Choices') }),
      /“TEA” reads the same as “tea”[\s\S]*“stop” is a word that/,
    );
    await reads(
      dialog.locator('.field').filter({ has: page.getByLabel('Closes', { exact: true }) }),
      'must be later than the opening',
    );
    await expect(violations(page)).resolves.toEqual([]);

    await choices.fill('tea\ncoffee');
    await dialog.getByLabel('Opens', { exact: true }).fill('');
    await dialog.getByLabel('Closes', { exact: true }).fill('');
    await dialog.getByLabel('Id', { exact: true }).fill('taken');
    await dialog.getByRole('button', { name: 'Create the poll' }).click();
    await reads(dialog.getByRole('alert'), 'A poll "taken" exists already');
    await expect(dialog.locator('.field-error').count()).resolves.toBe(0);
  });

  it('says so when a key is not accepted', async () => {
    dashboard.tolerate('401');
    const poll = await colours();
    const page = await open(`#/votes/${poll}`, { key: 'not-the-key-0123456789' });
    await page.getByRole('button', { name: 'Recount' }).click();
    await reads(page.locator('.controls').getByRole('alert'), 'The key that was sent is not known here');
  });

  it('shows hidden results as hidden until the poll closes', async () => {
    const poll = await client.createPoll({ question: 'Secret?', choices: ['YES', 'NO'], hideUntilClose: true });
    const page = await open(`#/votes/${poll}`);
    await reads(page.locator('.note'), 'hidden until the poll closes');
    await voteFor(page, 'YES').click();
    await reads(row(page, 'YES').locator('.vote'), 'Counted');
    await reads(figure(page, 'Votes'), 'Hidden');
    await expect(page.locator('.bar:visible').count()).resolves.toBe(0);

    await client.closePoll(poll);
    await reads(row(page, 'YES'), /1 vote\s+100\.0%/);
    await fills(page, 'YES', 1);
    await expect(page.locator('.note').isVisible()).resolves.toBe(false);
  });

  it('takes one vote of each voter where the poll says so', async () => {
    dashboard.tolerate('409');
    const poll = await client.createPoll({ question: 'Once?', choices: ['YES', 'NO'], voterLimit: 'one' });
    const page = await open(`#/votes/${poll}`);
    await voteFor(page, 'YES').click();
    await expect(page.evaluate('document.activeElement.id')).resolves.toBe('voter');
    await page.getByLabel('Who votes').fill('Ada');
    await voteFor(page, 'YES').click();
    await reads(row(page, 'YES'), '1 vote');
    await voteFor(page, 'NO').click();
    await reads(row(page, 'NO').getByRole('alert'), 'has voted in poll');
    expect(await client.results(poll)).toMatchObject({ total: 1 });
  });

  it('reaches every poll, however many there are', async () => {
    const full = await ServerProcess.start({ API_KEYS: `browser=${KEY}` });
    try {
      const { createPoll, closePoll } = anotherClient(full.url);
      await closePoll('colors');
      for (let number = 1; number <= 55; number++)
        await createPoll({ pollId: `poll-${number}`, question: `Number ${number}?`, choices: ['YES', 'NO'] });
      const page = await open('', { url: full.url });
      await reads(page.locator('.headline'), 'Number 55?');
      const links = page.locator('.side-list a');
      expect(await links.count()).toBe(50);
      await page.getByRole('button', { name: 'Older polls' }).click();
      await eventually(
        () => links.count(),
        (count) => count === 56,
      );
      await expect(page.getByRole('button', { name: 'Older polls' }).isVisible()).resolves.toBe(false);
      await links.last().click();
      await reads(page.locator('.meta'), /Closed.*id colors/);
      await page.close();
    } finally {
      expect(await full.stop()).toMatchObject({ code: 0 });
    }
  });

  it('says what it was told of a poll that does not exist, also after the connection was lost', async () => {
    dashboard.tolerate('404');
    dashboard.tolerate('net::ERR_FAILED');
    const prepare = (page: Page) => page.route('**/polls/nowhere', (route) => route.abort());
    const page = await open('#/votes/nowhere', { prepare });
    await reads(page.getByRole('alert'), 'Trying again…');
    await page.unroute('**/polls/nowhere');
    await reads(page.getByRole('alert'), 'There is no poll "nowhere".');
    expect(await page.getByRole('alert').innerText()).not.toContain('Trying again');
    expect(await visibleTexts(page, '.connection, .problem')).toEqual([]);
  });

  it('shows a poll again that was gone and is there again', async () => {
    dashboard.tolerate('404');
    const poll = await colours();
    const page = await open(`#/votes/${poll}`);
    await reads(connection(page), 'Live');
    const comeBack = async () => {
      await setHidden(page, true);
      await setHidden(page, false);
    };
    const body = JSON.stringify({ detail: 'It is gone.', code: 'VOTES_POLL_NOT_FOUND' });
    await page.route('**/results', (route) =>
      route.fulfill({ status: 404, contentType: 'application/problem+json', body }),
    );
    await comeBack();
    await reads(page.getByRole('alert'), 'It is gone.');

    await page.unroute('**/results');
    await client.vote(poll, 'RED');
    await comeBack();
    await reads(row(page, 'RED'), '1 vote');
    await reads(connection(page), 'Live');
    await expect(page.getByRole('alert').count()).resolves.toBe(0);
  });

  it('shows any text as text', async () => {
    const choices = [
      '<img src=x onerror=alert(1)>',
      '__proto__',
      'constructor',
      '\u202Eleft to right',
      'שלום',
      'x'.repeat(40),
      ...Array.from({ length: 94 }, (_, index) => `${index} `.padEnd(40, 'w')),
    ];
    const question = `<script>alert(1)</script>\u202E${'y'.repeat(200)}`;
    const poll = await client.createPoll({ question, choices });
    const page = await open(`#/votes/${poll}`, { viewport: PHONE });
    await reads(connection(page), 'Live');
    await expect(page.locator('.headline').textContent()).resolves.toBe(question);
    await expect(page.locator('.choice-name bdi').allTextContents()).resolves.toEqual(choices);
    await expect(page.locator('main script, main img').count()).resolves.toBe(0);
    expect(await overflow(page)).toBe(0);
    const cutOff = `[...document.querySelectorAll('.headline, .choice-name')]
      .filter((element) => element.scrollWidth > element.clientWidth).map((element) => element.textContent)`;
    await expect(page.evaluate(cutOff)).resolves.toEqual([]);

    await page.locator('.choice').nth(1).getByRole('button').click();
    await reads(page.locator('.choice').nth(1), '1 vote');
    await page.setViewportSize({ width: 320, height: 256 });
    expect(await overflow(page)).toBe(0);
  });

  describe('votes once for each action', () => {
    const once = () => client.createPoll({ question: 'Once?', choices: ['YES', 'NO'], voterLimit: 'one' });
    const denyStorage = (page: Page) =>
      page.addInitScript(`Object.defineProperty(window, 'localStorage', {
        get() { throw new DOMException('denied', 'SecurityError'); } });`);

    it.each([
      ['a double click', (button: Locator) => button.dblclick()],
      ['three clicks', (button: Locator) => button.click({ clickCount: 3, delay: 20 })],
      [
        'a double tap',
        (button: Locator) => button.evaluate((pressed: { click(): void }) => [1, 2].map(() => pressed.click())),
      ],
      [
        'a key that is held down',
        async (button: Locator, page: Page) => {
          await button.focus();
          for (let repeats = 0; repeats < 10; repeats++) await page.keyboard.down('Enter');
        },
      ],
    ] as const)('takes %s for one vote', async (_, press) => {
      const poll = await colours();
      const page = await open(`#/votes/${poll}`);
      const identities = watchIdentities(page);
      await press(voteFor(page, 'RED'), page);
      await reads(row(page, 'RED'), 'Your vote');
      expect(await settledTotal(page, poll)).toBe(1);
      expect(identities).toHaveLength(1);
    });

    it('does not go on voting while a key stays down', async () => {
      const poll = await colours();
      const page = await open(`#/votes/${poll}`);
      await voteFor(page, 'RED').click();
      await voteAgainFor(page, 'RED').focus();
      await settledTotal(page, poll);
      await page.keyboard.down('Enter');
      await reads(row(page, 'RED'), '2 votes');
      for (let repeats = 0; repeats < 3; repeats++) {
        await settledTotal(page, poll);
        await page.keyboard.down('Enter');
      }
      expect(await settledTotal(page, poll)).toBe(2);
    });

    it('says nothing against a double click in a poll with one vote each', async () => {
      const poll = await once();
      const page = await open(`#/votes/${poll}`);
      await page.getByLabel('Who votes').fill('Ada');
      await voteFor(page, 'YES').dblclick();
      await reads(row(page, 'YES'), 'Vote of');
      expect(await settledTotal(page, poll)).toBe(1);
      await expect(page.getByRole('alert').count()).resolves.toBe(0);
    });

    it.each([
      ['after a reload', true, async () => {}],
      ['with a browser that keeps nothing', false, denyStorage],
    ] as const)('knows a vote again %s', async (_, isReloaded, prepare) => {
      const poll = await colours();
      const page = await open(`#/votes/${poll}`, { prepare });
      const identities = watchIdentities(page);
      await voteFor(page, 'GREEN').click();
      await reads(row(page, 'GREEN').locator('.vote'), 'Counted');
      if (isReloaded) await page.reload();
      await reads(row(page, 'GREEN').locator('.choice-own'), 'Your vote');
      await expect(row(page, 'RED').locator('.choice-own').isVisible()).resolves.toBe(false);
      await voteFor(page, 'GREEN').click();
      await eventually(
        () => identities.length,
        (count) => count === 2,
      );
      expect(await settledTotal(page, poll)).toBe(1);
      expect(new Set(identities).size).toBe(1);
    });

    it('takes another choice for another vote, where a person may have many, and asks for one more of the same', async () => {
      const poll = await colours();
      const page = await open(`#/votes/${poll}`);
      const identities = watchIdentities(page);
      await voteFor(page, 'RED').click();
      await voteFor(page, 'BLUE').click();
      await reads(figure(page, 'Votes'), /^2$/);
      await voteAgainFor(page, 'RED').click();
      await reads(row(page, 'RED'), '2 votes');
      await page.reload();
      for (const choice of ['RED', 'BLUE']) await reads(row(page, choice), 'Your vote');
      await voteFor(page, 'RED').click();
      expect(await settledTotal(page, poll)).toBe(3);
      expect(new Set(identities).size).toBe(3);
    });

    it.each(['YES', 'NO'])(
      'does not know after a reload whether a vote arrived, and lets nobody vote twice: %s',
      async (next) => {
        dashboard.tolerate('net::ERR_FAILED');
        const poll = await client.createPoll({ question: 'Lost?', choices: ['YES', 'NO'] });
        const page = await open(`#/votes/${poll}`);
        const identities = watchIdentities(page);
        await page.route('**/votes', async (route) => {
          await route.fetch();
          await route.abort();
        });
        await voteFor(page, 'YES').click();
        await reads(row(page, 'YES'), '1 vote');
        await page.reload();
        await reads(row(page, 'YES').getByRole('alert'), 'Nobody knows yet whether your vote arrived');
        await page.unroute('**/votes');
        const again = page.getByRole('button', { name: 'Send this vote again' });
        await voteFor(page, next).click();
        if (next === 'NO') {
          await expect(again.evaluate((button) => button.matches(':focus'))).resolves.toBe(true);
          await again.click();
        }
        await reads(row(page, 'YES'), 'Your vote');
        await expect(again.count()).resolves.toBe(0);
        expect(await settledTotal(page, poll)).toBe(1);
        expect(new Set(identities).size).toBe(1);
      },
    );

    it('keeps a vote that the service refused for nothing', async () => {
      dashboard.tolerate('409');
      const poll = await colours();
      const page = await open(`#/votes/${poll}`);
      await page.route('**/votes', (route) =>
        route.fulfill({ status: 409, json: { detail: 'Not now.' }, contentType: 'application/problem+json' }),
      );
      await voteFor(page, 'RED').click();
      await reads(row(page, 'RED').getByRole('alert'), 'Not now.');
      await page.reload();
      await row(page, 'RED').waitFor();
      await expect(page.getByRole('alert').count()).resolves.toBe(0);
      await expect(row(page, 'RED').innerText()).resolves.not.toContain('Your vote');
    });

    it('is one vote in two windows at once, and shown in both', async () => {
      const poll = await colours();
      const page = await open(`#/votes/${poll}`);
      const second = await page.context().newPage();
      await second.goto(page.url());
      await row(second, 'RED').waitFor();
      await Promise.all([page, second].map((window) => voteFor(window, 'RED').click()));
      for (const window of [page, second]) await reads(row(window, 'RED'), 'Your vote');
      expect(await settledTotal(page, poll)).toBe(1);

      const third = await page.context().newPage();
      await third.goto(page.url());
      await reads(row(third, 'RED'), 'Your vote');
      await voteFor(second, 'BLUE').click();
      for (const window of [page, third]) await reads(row(window, 'BLUE'), 'Your vote');
    });

    it('is one vote in two windows of which neither has seen the vote of the other yet', async () => {
      const poll = await colours();
      const page = await open(`#/votes/${poll}`);
      const second = await page.context().newPage();
      await second.goto(page.url());
      const identities = watchIdentities(page);
      const others = watchIdentities(second);
      for (const window of [page, second]) {
        await row(window, 'RED').waitFor();
        await window.evaluate(`(() => {
          const seen = { ...localStorage };
          Storage.prototype.getItem = (name) => seen[name] ?? null;
          Storage.prototype.setItem = () => {};
        })()`);
      }
      for (const window of [page, second]) {
        await voteFor(window, 'RED').click();
        expect(await settledTotal(window, poll)).toBe(1);
      }
      expect(others).toEqual(identities);
    });

    it('starts anew for another poll under the same id', async () => {
      const first = await ServerProcess.start();
      const page = await open('#/votes/colors', { url: first.url });
      await voteFor(page, 'RED').click();
      await reads(row(page, 'RED'), 'Your vote');
      await page.goto('about:blank');
      expect(await first.stop()).toMatchObject({ code: 0 });
      const second = await ServerProcess.start({ PORT: new URL(first.url).port });
      await page.goto(`${second.url}/#/votes/colors`);
      await voteFor(page, 'RED').click();
      await reads(figure(page, 'Votes'), /^1$/);
      await page.goto('about:blank');
      expect(await second.stop()).toMatchObject({ code: 0 });
    });
  });

  describe('on a browser of 2022', () => {
    const forget = (page: Page) =>
      page.addInitScript(`
        delete AbortSignal.any;
        delete AbortSignal.timeout;
        for (const name of ['at', 'findLast', 'toSorted', 'toReversed', 'toSpliced', 'with']) delete Array.prototype[name];
        for (const name of ['groupBy', 'hasOwn']) delete Object[name];
        delete window.structuredClone;
        delete Crypto.prototype.randomUUID;
        delete Navigator.prototype.locks;
        delete window.BroadcastChannel;
        delete HTMLDialogElement.prototype.showModal;`);

    it('shows results and takes votes', async () => {
      const poll = await colours();
      const page = await open(`#/votes/${poll}`, { prepare: forget });
      await reads(connection(page), 'Live');
      await voteFor(page, 'RED').click();
      await reads(row(page, 'RED'), /1 vote\s+100\.0%/);
      await fills(page, 'RED', 1);
    });

    it.each(['tasks', 'stocks'])('shows the page of %s', async (name) => {
      await client.enqueue('old', { payload: 1 });
      const page = await open(`#/${name}`, { prepare: forget, key: KEY });
      await reads(connection(page), 'Polling every');
      await expect(page.locator('.fault').count()).resolves.toBe(0);
    });

    it('opens dialogs in place of the page', async () => {
      const page = await open('', { prepare: forget });
      const button = page.getByRole('button', { name: 'API key' });
      await button.click();
      await expect(page.locator('main').isVisible()).resolves.toBe(false);
      await expect(page.evaluate('document.activeElement.id')).resolves.toBe('api-key');
      await page.keyboard.press('Escape');
      await expect(page.evaluate('document.activeElement.id')).resolves.toBe('key');
      await button.click();
      await page.getByLabel('Key', { exact: true }).fill(KEY);
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'New poll' }).click();
      await page.getByRole('dialog', { name: 'New poll' }).getByLabel('Question').fill('Old?');
      await page.getByRole('button', { name: 'Cancel' }).click();
      await expect(page.locator('main').isVisible()).resolves.toBe(true);
    });

    it('says so where it is too old to begin', async () => {
      dashboard.tolerateError('');
      const tooNew = (page: Page) =>
        page.route('**/time.js', (route) =>
          route.fulfill({ contentType: 'text/javascript', body: 'class A { new syntax }' }),
        );
      const page = await open('', { prepare: tooNew });
      await page.getByText('a browser of 2022 or later').waitFor();
      const good = await open();
      await row(good, 'RED').waitFor();
      await expect(good.getByText('a browser of 2022 or later').count()).resolves.toBe(0);
    });
  });

  it.each([
    ['when it begins', 'Request', "window.Request = class { constructor() { throw new TypeError('no such thing'); } }"],
    [
      'with results',
      'EventSource',
      "window.EventSource = class { constructor() { throw new TypeError('no such thing'); } }",
    ],
  ])('calls a fault of its own a fault, not a lost connection: %s', async (_, __, breakIt) => {
    dashboard.tolerateError('no such thing');
    const poll = await colours();
    const page = await open(`#/votes/${poll}`, { prepare: (page) => page.addInitScript(breakIt) });
    await reads(page.locator('.fault'), 'TypeError: no such thing');
    const text = await page.locator('body').innerText();
    expect(text).not.toMatch(/cannot be reached|does not answer|Connection lost/);
  });

  it('leaves connections for eight windows side by side, of which one has the events', async () => {
    const poll = await colours();
    const first = await open(`#/votes/${poll}`);
    const windows = [first];
    for (let count = 2; count <= 8; count++) {
      const next = await first.context().newPage();
      await next.goto(first.url(), { timeout: 5_000 });
      windows.push(next);
    }
    const states = () => Promise.all(windows.map((window) => connection(window).innerText()));
    const oneIsLive = (expected: number) =>
      eventually(
        states,
        (now) =>
          now.filter((state) => state === 'Live').length === 1 &&
          now.filter((state) => state === 'Polling every 2 s').length === expected - 1,
        15_000,
      );
    await oneIsLive(8);
    const started = performance.now();
    await voteFor(windows[7] as Page, 'RED').click();
    for (const window of windows) await reads(row(window, 'RED'), '1 vote');
    expect(performance.now() - started).toBeLessThan(5_000);

    const live = (await states()).indexOf('Live');
    await windows.splice(live, 1)[0]?.close();
    await oneIsLive(7);
  });

  it('asks ever more seldom for the results of a poll that is over', async () => {
    const poll = await colours();
    await client.vote(poll, 'RED');
    await client.closePoll(poll);
    let asked = 0;
    const prepare = async (page: Page) => {
      await page.clock.install();
      page.on('request', (request) => {
        if (/\/results(\/events)?$/.test(request.url())) asked += 1;
      });
    };
    const page = await open(`#/votes/${poll}`, { prepare });
    await reads(connection(page), 'Up to date');
    for (let seconds = 0; seconds < 600; seconds += 2) await page.clock.runFor(2_000);
    // After 2, 4, 8, 16, 32 s, then once a minute; asking takes its own time beside the clock. Every 2 s would be 300 times.
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThan(40);
  });

  it('shows shares that add up', async () => {
    const poll = await colours();
    for (const choice of ['RED', 'GREEN', 'BLUE']) await client.vote(poll, choice);
    const page = await open(`#/votes/${poll}`);
    await reads(figure(page, 'Votes'), /^3$/);
    await expect(page.locator('.choice-share').allInnerTexts()).resolves.toEqual(['33.4%', '33.3%', '33.3%']);
  });

  it.each([
    { width: 390, height: 664 },
    { width: 360, height: 560 },
  ])('shows a voter on a phone all buttons of a short poll at once: %j', async (viewport) => {
    const choices = ['Counting', 'Queues', 'Money', 'Hexagons', 'Streams'];
    const poll = await client.createPoll({ question: 'Which talk?', choices });
    const page = await open(`#/votes/${poll}`, { viewport });
    await reads(connection(page), 'Live');
    for (const choice of choices) {
      const box = await voteFor(page, choice).boundingBox();
      expect((box?.y ?? Number.NaN) + (box?.height ?? 0)).toBeLessThanOrEqual(viewport.height);
    }
    const top = async (part: string) => (await page.locator(part).boundingBox())?.y ?? Number.NaN;
    expect(await top('.figures')).toBeGreaterThan(await top('.choices'));
    await page.getByRole('button', { name: 'API key' }).click();
    await page.getByLabel('Key', { exact: true }).fill(KEY);
    await page.keyboard.press('Enter');
    // The key is tried first.
    await eventually(
      async () => (await top('.figures')) - (await top('.choices')),
      (distance) => distance < 0,
    );
  });

  it.each([
    ['ما هو لونك المفضل من بين هذه الألوان الجميلة التي نعرضها عليك اليوم؟', ['أحمر', 'Blue'], 'right'],
    ['איזה צבע?', ['אדום', 'כחול'], 'right'],
    ['Which colour?', ['RED', 'أحمر'], 'left'],
  ] as const)('sets a question on the side where its language begins: %s', async (question, choices, side) => {
    const poll = await client.createPoll({ question, choices });
    const page = await open(`#/votes/${poll}`, { viewport: { width: 390, height: 844 } });
    await row(page, choices[0]).waitFor();
    /** How far the text is from each side of its card. */
    const margins = `(selector) => {
      const part = document.querySelector(selector);
      const range = document.createRange();
      range.selectNodeContents(part);
      const [text, card] = [range.getBoundingClientRect(), document.querySelector('.choices').getBoundingClientRect()];
      return { left: Math.round(text.left - card.left), right: Math.round(card.right - text.right) };
    }`;
    for (const part of ['.headline', '.choice-name'])
      await expect(page.evaluate(`(${margins})('${part}')`)).resolves.toMatchObject({ [side]: 0 });
    await expect(page.locator('.side-list .link-title').first().getAttribute('dir')).resolves.toBe('auto');
  });

  it('shows a closed poll as over, not as an error', async () => {
    const poll = await colours();
    await client.closePoll(poll);
    const page = await open(`#/votes/${poll}`);
    await reads(page.locator('.status'), 'Closed');
    await reads(figure(page, 'Votes'), /^0$/);
    for (const name of ['Votes per second', 'Delay']) await expect(figure(page, name).isVisible()).resolves.toBe(false);
    const colors = await page.evaluate<string[]>(`(() => {
      const probe = document.body.appendChild(document.createElement('p'));
      probe.style.color = 'var(--port)';
      return [probe, document.querySelector('.status')].map((part) => getComputedStyle(part).color);
    })()`);
    expect(new Set(colors).size).toBe(2);
  });

  describe('asks for a new poll', () => {
    const ask = async (opening: Opening = {}) => {
      const page = await open('', { key: KEY, ...opening });
      await page.getByRole('button', { name: 'New poll' }).click();
      return { page, dialog: page.getByRole('dialog', { name: 'New poll' }) };
    };
    const fieldOf = (dialog: Locator, label: string) =>
      dialog.locator('.field').filter({ has: dialog.page().getByLabel(label, { exact: true }) });

    it.each([
      ['Europe/Berlin', '2031-03-30T02:30', 'Clocks skip this time on that day', undefined],
      ['America/New_York', '2031-03-09T02:01', 'Clocks skip this time on that day', undefined],
      ['Australia/Lord_Howe', '2031-10-05T02:15', 'Clocks skip this time on that day', undefined],
      ['Europe/Berlin', '2031-10-26T02:30', 'UTC+2. This time comes twice', '2031-10-26T00:30:00.000Z'],
      ['Europe/Berlin', '2031-03-30T03:00', 'Europe/Berlin, UTC+2.', '2031-03-30T01:00:00.000Z'],
      ['Europe/Berlin', '2031-03-30T01:59', 'Europe/Berlin, UTC+1.', '2031-03-30T00:59:00.000Z'],
      ['America/St_Johns', '2031-01-01T00:00', 'UTC−3:30.', '2031-01-01T03:30:00.000Z'],
      ['Australia/Adelaide', '2031-06-01T12:00', 'Australia/Adelaide, UTC+9:30.', '2031-06-01T02:30:00.000Z'],
    ])('in the time of %s: %s', async (timezoneId, typed, said, closesAt) => {
      const { page, dialog } = await ask({ timezoneId });
      await reads(fieldOf(dialog, 'Closes'), `${timezoneId}, UTC`);
      await dialog.getByLabel('Question').fill(`When is ${typed}?`);
      await dialog.getByLabel('Choices').fill('A\nB');
      await dialog.getByLabel('Closes', { exact: true }).fill(typed);
      await reads(fieldOf(dialog, 'Closes'), said);
      await dialog.getByRole('button', { name: 'Create the poll' }).click();
      if (closesAt === undefined) return reads(fieldOf(dialog, 'Closes'), 'does not exist');
      await reads(page.locator('.headline'), `When is ${typed}?`);
      const id = page.url().split('/').pop();
      expect(await (await fetch(`${server.url}/polls/${id}`)).json()).toMatchObject({ closesAt });
      await reads(page.locator('.meta'), /closes .* UTC/);
    });

    it('refuses one that would be over before it begins', async () => {
      const { page, dialog } = await ask();
      let sent = 0;
      page.on('request', (request) => {
        if (request.method() === 'POST') sent += 1;
      });
      await dialog.getByLabel('Question').fill('Past?');
      await dialog.getByLabel('Choices').fill('A\nB');
      await dialog.getByLabel('Opens', { exact: true }).fill('2001-01-01T00:00');
      await dialog.getByLabel('Closes', { exact: true }).fill('2001-01-02T00:00');
      await dialog.getByRole('button', { name: 'Create the poll' }).click();
      await reads(fieldOf(dialog, 'Closes'), 'closes in the past');
      expect(sent).toBe(0);
      // One that began in the past is open at once.
      await dialog.getByLabel('Closes', { exact: true }).fill('2031-01-01T00:00');
      await dialog.getByRole('button', { name: 'Create the poll' }).click();
      await reads(page.locator('.status'), 'Open');
    });

    it('keeps what was typed when it is left with Escape, until it is cancelled or done', async () => {
      const { page, dialog } = await ask();
      await dialog.getByLabel('Question').fill('A long question?');
      await dialog.getByLabel('Closes', { exact: true }).fill('2031-06-01T12:00');
      await dialog.getByLabel('Hide the results').check();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      const button = page.getByRole('button', { name: 'New poll' });
      await button.click();
      await reads(dialog, 'What you typed is still here');
      await expect(dialog.getByLabel('Question').inputValue()).resolves.toBe('A long question?');
      await expect(dialog.getByLabel('Closes', { exact: true }).inputValue()).resolves.toBe('2031-06-01T12:00');
      await expect(dialog.getByLabel('Hide the results').isChecked()).resolves.toBe(true);
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      await button.click();
      await expect(dialog.getByLabel('Question').inputValue()).resolves.toBe('');
      await dialog.getByLabel('Question').fill('Done?');
      await dialog.getByLabel('Choices').fill('A\nB');
      await dialog.getByRole('button', { name: 'Create the poll' }).click();
      await reads(page.locator('.headline'), 'Done?');
      await button.click();
      await expect(dialog.getByLabel('Question').inputValue()).resolves.toBe('');
    });

    it('with fields side by side at one height', async () => {
      const { dialog } = await ask();
      const tops = await dialog
        .locator('.pair')
        .evaluateAll((pairs) =>
          pairs.map((pair) => [...pair.querySelectorAll('input')].map((input) => input.getBoundingClientRect().top)),
        );
      for (const [first, ...others] of tops) for (const other of others) expect(other).toBe(first);
    });
  });

  describe('where it is not sure of the count', () => {
    /** Answers of the service with other fields, for what it cannot be brought into at once. */
    const changed = async (page: Page, url: string | RegExp, fields: () => Record<string, unknown>) => {
      await page.route(url, async (route) => {
        const response = await route.fetch({ headers: { ...route.request().headers(), 'if-none-match': '' } });
        return route.fulfill({ response, json: { ...((await response.json()) as object), ...fields() } });
      });
    };

    it('never calls stale results live, and says up to when they are complete', async () => {
      const poll = await colours();
      let stale = true;
      const fields = () => ({
        stale,
        completeUpTo: new Date(Date.now() - 60_000).toISOString(),
        staleAfterSeconds: 15,
      });
      const prepare = async (page: Page) => {
        await page.addInitScript(`
          window.badges = new Set();
          new MutationObserver(() => window.badges.add(document.querySelector('.connection')?.textContent))
            .observe(document, { childList: true, characterData: true, subtree: true });`);
        await changed(page, '**/results', fields);
        await page.route('**/results/events', async (route) => {
          if (!stale) return route.continue();
          const data = JSON.stringify({ ...(await client.results(poll)), ...fields() });
          return route.fulfill({ contentType: 'text/event-stream', body: `event: results\ndata: ${data}\n\n` });
        });
      };
      const page = await open(`#/votes/${poll}`, { prepare });
      await reads(connection(page), 'Catching up');
      await reads(page.locator('.staleness'), /Catching up: complete up to \d\d:\d\d:\d\d\./);
      await page.waitForRequest('**/results/events');
      await page.waitForRequest('**/results');
      await expect(page.evaluate('[...window.badges]')).resolves.not.toContain('Live');
      stale = false;
      await reads(connection(page), 'Live', 10_000);
      await expect(page.locator('.staleness').isVisible()).resolves.toBe(false);
    });

    it('says that the connection is lost, rather than how stale the results were', async () => {
      dashboard.tolerate('net::ERR_FAILED');
      const poll = await colours();
      const prepare = async (page: Page) => {
        await changed(page, '**/results', () => ({ stale: true, completeUpTo: '2026-01-01T00:00:00.000Z' }));
        await page.route('**/results/events', (route) => route.abort());
      };
      const page = await open(`#/votes/${poll}`, { prepare });
      await reads(connection(page), 'Catching up');
      await reads(page.locator('.staleness'), 'complete up to 1 Jan 2026');
      await page.unroute('**/results');
      await page.route('**/results', (route) => route.abort());
      await reads(connection(page), 'Connection lost', 10_000);
    });

    it.each([
      [
        { ballots: 6, shards: 6, tally: 7, drift: 1 },
        /do not agree: 6 ballots, 6 counters, 7 in the tally\. The drift is \+1/,
      ],
      [{ ballots: 6, shards: 6, tally: 4, drift: -2 }, /The drift is −2/],
      [{ ballots: 6, shards: 7, tally: 6, drift: 0 }, /do not agree: 6 ballots, 7 counters/],
      [
        { ballots: 1, shards: 1, tally: 1, drift: 0, doubleVoters: 2 },
        /1 ballot = 1 counter = 1 in the tally[\s\S]*2 voters voted in more than one region/,
      ],
    ])('warns everybody of what an audit found: %j', async (audit, warning) => {
      const poll = await colours();
      await client.closePoll(poll);
      const prepare = (page: Page) => changed(page, new RegExp(`/polls/${poll}$`), () => ({ final: true, audit }));
      const page = await open(`#/votes/${poll}`, { prepare });
      await reads(page.locator('.ending'), warning);
      await expect(page.locator('.ending .problem').count()).resolves.toBe(1);
    });

    it('names the regions of a poll that has several, and offers no vote where only texts are taken', async () => {
      const poll = await colours();
      const regions = [
        { region: 'eu-west-1', open: true },
        { region: 'us-east-1', open: false },
      ];
      const prepare = async (page: Page) => {
        await changed(page, '**/results', () => ({ regions }));
        await changed(page, new RegExp(`/polls/${poll}$`), () => ({ channels: ['sms'] }));
        await page.route('**/results/events', (route) => route.fulfill({ status: 501 }));
      };
      dashboard.tolerate('501');
      const page = await open(`#/votes/${poll}`, { prepare });
      await reads(page.locator('.card'), 'Regions: eu-west-1 takes votes, us-east-1 is closed.');
      await reads(page.locator('.meta'), 'by SMS alone');
      await expect(page.locator('.vote:visible').count()).resolves.toBe(0);
    });
  });

  it('moves nothing for people who want no motion', async () => {
    const poll = await colours();
    const page = await open(`#/votes/${poll}`, { reducedMotion: 'reduce' });
    await reads(connection(page), 'Live');
    await expect(
      page.evaluate("getComputedStyle(document.querySelector('.bar-fill')).transitionDuration"),
    ).resolves.toBe('0s');
  });

  it('comes with API documentation that works under the same policy', async () => {
    const page = await open('docs');
    await reads(page.locator('.info .title'), 'Portside');
    await page.locator('#operations-votes-getPolls, .opblock').filter({ hasText: 'List polls' }).first().click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByRole('button', { name: 'Execute' }).click();
    await reads(page.locator('.responses-table.live-responses-table'), '200');
  });

  describe('with a few polls', () => {
    const talks: Record<string, number> = {
      'Counting without locks': 0.34,
      'Queues that survive': 0.26,
      'Money is not a float': 0.19,
      'The hexagon in practice': 0.13,
      'What the stream forgot': 0.08,
    };
    let stage: ServerProcess;
    let others: AnotherClient;

    beforeAll(async () => {
      stage = await ServerProcess.start({ API_KEYS: `browser=${KEY}` });
      others = anotherClient(stage.url);
      await others.createPoll({
        pollId: 'board',
        question: 'Who joins the board?',
        choices: ['Amara', 'Björk', 'Chidi'],
      });
      for (const choice of ['Amara', 'Chidi', 'Björk', 'Chidi']) await others.vote('board', choice);
      await others.closePoll('board');
      await others.createPoll({
        pollId: 'lunch',
        question: 'Where do we eat on Friday?',
        choices: ['Harbour', 'Market hall'],
        voterLimit: 'one',
        hideUntilClose: true,
        smsNumber: '+15550001111',
        closesAt: '2031-01-01T12:00:00Z',
      });
      const question = 'Which talk should open the second day?';
      await others.createPoll({ pollId: 'talks', question, choices: Object.keys(talks) });
    });
    afterAll(async () => {
      expect(await stage?.stop()).toMatchObject({ code: 0 });
    });

    it('shows every vote of a rush, and never fewer than before', async () => {
      const page = await open('#/votes/talks', { url: stage.url });
      await reads(connection(page), 'Live');
      await page.evaluate(`
        const total = document.querySelector('.figure-value');
        window.totals = [];
        new MutationObserver(() => window.totals.push(Number(total.textContent.replaceAll(',', ''))))
          .observe(total, { childList: true, characterData: true, subtree: true });`);
      // For a picture the rush goes on long enough to be seen in the line of the last minute.
      const rounds = SCREENSHOT_DIR ? 150 : 20;
      let sent = 0;
      for (let round = 0; round < rounds; round++) {
        const tide = 1 + Math.sin(round / 12) / 2 + Math.sin(round / 5) / 5;
        const ballots = Object.entries(talks).flatMap(([choice, weight]) =>
          Array(Math.round(90 * tide * weight)).fill(choice),
        );
        sent += ballots.length;
        await Promise.all([...ballots.map((choice) => others.vote('talks', choice)), page.waitForTimeout(200)]);
      }
      await picture(page, 'rush');
      await reads(figure(page, 'Votes'), new Intl.NumberFormat('en').format(sent));
      const totals = await page.evaluate<number[]>('window.totals');
      expect(totals).toEqual(totals.toSorted((one, other) => one - other));
      expect(totals.length).toBeGreaterThan(5);
      expect(await others.results('talks')).toMatchObject({ total: sent });
    }, 120_000);

    it.each(screens)('reads well and hides nothing from anybody: %j', async ({ viewport, colorScheme }) => {
      const page = await open('#/votes/talks', { url: stage.url, viewport, colorScheme, key: KEY });
      await reads(connection(page), 'Live');
      await reads(figure(page, 'Votes per second'), /^[\d.]+$/);
      await expectGood(page, 'open');
      await page.locator('summary').click();
      await expectGood(page, 'list');
      await page.getByRole('button', { name: 'New poll' }).click();
      await expectGood(page, 'new-poll');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Close and audit' }).click();
      await expectGood(page, 'confirm');
      await page.keyboard.press('Escape');
      for (const poll of ['lunch', 'board']) {
        await page.goto(`${stage.url}/#/votes/${poll}`);
        await reads(page.locator('.meta'), `id ${poll}`);
        await page.locator('.choice').first().waitFor();
        await expectGood(page, poll);
      }
    });
  });
});
