import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { anotherClient, KEY } from './another-client.ts';
import { connection, figure, overflow, PHONE, reads, useDashboard, violations, visibleTexts } from './dashboard.ts';
import { dampStreams } from './stream-damper.ts';
import { filled, fills, row, setHidden, useVotesPage, voteAgainFor, voteFor } from './votes-page.ts';

describe('the dashboard and its page of votes, in Chromium', () => {
  const dashboard = useDashboard();
  const votes = useVotesPage(dashboard);

  it('begins with an open poll', async () => {
    const fresh = await ServerProcess.start();
    try {
      const page = await votes.open('', { url: fresh.url });
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
    const poll = await votes.colours();
    const page = await votes.open(`#/votes/${poll}`);
    await page.evaluate('window.isTheSamePage = true');
    expect(await filled(page, 'RED')).toBeCloseTo(0);

    await voteFor(page, 'RED').click();
    await reads(row(page, 'RED'), /1 vote\s+100\.0%/);
    await fills(page, 'RED', 1);
    await reads(row(page, 'RED').locator('.vote'), 'Counted');

    await Promise.all(['green', 'green', 'blue'].map((choice) => votes.client.vote(poll, choice)));
    await reads(row(page, 'GREEN'), /2 votes\s+50\.0%/);
    await fills(page, 'GREEN', 0.5);
    await fills(page, 'RED', 0.25);
    await fills(page, 'BLUE', 0.25);
    await reads(figure(page, 'Votes'), /^4$/);
    await expect(page.evaluate('window.isTheSamePage')).resolves.toBe(true);
  });

  it('tells how fast votes come and how fresh the figures are', async () => {
    const poll = await votes.colours();
    const page = await votes.open(`#/votes/${poll}`);
    await reads(connection(page), 'Live');
    await reads(figure(page, 'Votes per second'), /^0\.0$/);

    await Promise.all(Array.from({ length: 30 }, () => votes.client.vote(poll, 'RED')));
    // Thirty votes are an average of five a second over the last six seconds.
    await reads(figure(page, 'Votes per second'), /^[5-9]\.\d$|^[12]\d\.\d$|^30\.0$/);
    await reads(figure(page, 'As of'), /^\d\d:\d\d:\d\d$/);
    await reads(figure(page, 'Delay'), /^\d+ ms$/);
    await reads(figure(page, 'Votes per second'), /^0\.0$/, 12_000);
  });

  it('reads changing figures out seldom enough to be listened to', async () => {
    const poll = await votes.colours();
    const page = await votes.open(`#/votes/${poll}`, { prepare: (page) => page.clock.install() });
    await reads(connection(page), 'Live');
    await page.evaluate(`
      window.spoken = [];
      for (const region of document.querySelectorAll('[aria-live], [role="status"], [role="alert"]'))
        new MutationObserver(() => window.spoken.push(region.textContent))
          .observe(region, { childList: true, characterData: true, subtree: true });`);
    for (let batch = 1; batch <= 10; batch++) {
      await votes.client.vote(poll, 'RED');
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
    const poll = await votes.colours();
    const page = await votes.open(`#/votes/${poll}`);
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
    expect(await votes.client.results(poll)).toMatchObject({ total: 1 });

    await voteAgainFor(page, 'BLUE').click();
    await reads(figure(page, 'Votes'), /^2$/);
    expect(new Set(keys).size).toBe(2);
  });

  it('keeps a vote that cannot be sent, to be sent again by hand', async () => {
    dashboard.tolerate('net::ERR_FAILED');
    const poll = await votes.colours();
    const page = await votes.open(`#/votes/${poll}`);
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
      const page = await votes.open('#/votes/colors', { url: first.url });
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
    const poll = await votes.colours();
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
    const page = await votes.open(`#/votes/${poll}`, { prepare });
    await reads(connection(page), 'Polling every 2 s', 10_000);
    lagMs = undefined;
    await votes.client.vote(poll, 'RED');
    await reads(row(page, 'RED'), '1 vote');
    await eventually(
      () => statuses.at(-1),
      (status) => status === 304,
    );
    expect(conditional.at(-1)).toMatch(/^"/);

    lagMs = 5_000;
    await votes.client.vote(poll, 'RED');
    await reads(connection(page), 'Catching up');
    await reads(figure(page, 'Delay'), '5.0 s');
    // The delay of a vote long ago says nothing of now.
    await page.clock.fastForward(16_000);
    await reads(connection(page), 'Polling every 2 s');
    await votes.client.vote(poll, 'RED');
    await reads(connection(page), 'Catching up');
    lagMs = undefined;
    await votes.client.vote(poll, 'RED');
    await reads(connection(page), 'Polling every 2 s');
    await reads(figure(page, 'Votes'), /^4$/);

    // What was never there is not looked for again.
    expect(streams).toBe(2);
    await page.clock.fastForward(120_000);
    for (const total of [5, 6]) {
      await votes.client.vote(poll, 'RED');
      await reads(figure(page, 'Votes'), String(total));
    }
    expect(streams).toBe(2);
  });

  it('never shows fewer votes than before, though a stream begins with an older state', async () => {
    const poll = await votes.colours();
    const older = await votes.client.results(poll);
    await votes.client.vote(poll, 'RED');
    await eventually(
      () => votes.client.results(poll),
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
    const page = await votes.open(`#/votes/${poll}`, { prepare });
    await reads(connection(page), 'Live');
    await votes.client.vote(poll, 'RED');
    await reads(figure(page, 'Votes'), /^2$/);
    expect(streams).toBe(2);
    await expect(page.evaluate('window.totals')).resolves.toEqual(['1', '2']);
  });

  it('does not trust a line that is silent', async () => {
    const poll = await votes.colours();
    const line = await dampStreams(votes.url);
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
      const page = await votes.open(`#/votes/${poll}`, { url: line.url, prepare });
      await reads(connection(page), 'Live');
      line.hush();
      await votes.client.vote(poll, 'RED');
      await page.clock.fastForward(15_000);
      await reads(row(page, 'RED'), '1 vote');

      // Streams that bring nothing at all are given up for a while.
      for (const count of [2, 3]) {
        await nextStream(count);
        await page.clock.fastForward(5_000);
      }
      await reads(connection(page), 'Polling every 2 s');
      await votes.client.vote(poll, 'RED');
      await reads(row(page, 'RED'), '2 votes');

      line.release();
      await page.clock.fastForward(60_000);
      await nextStream(4);
      await reads(connection(page), 'Live');
      await votes.client.vote(poll, 'RED');
      await reads(row(page, 'RED'), '3 votes');
      await page.close();
    } finally {
      await line.close();
    }
  });

  it('holds no connection while nobody sees the page', async () => {
    const poll = await votes.colours();
    let streams = 0;
    const ended: string[] = [];
    const prepare = async (page: Page) => {
      page.on('request', (request) => {
        if (request.url().endsWith('/events')) streams += 1;
      });
      page.on('requestfailed', (request) => ended.push(request.url()));
    };
    const page = await votes.open(`#/votes/${poll}`, { prepare });
    await reads(connection(page), 'Live');
    await setHidden(page, true);
    await eventually(
      () => ended,
      (urls) => urls.some((url) => url.endsWith('/events')),
    );
    await votes.client.vote(poll, 'RED');
    expect(streams).toBe(1);
    await setHidden(page, false);
    await reads(row(page, 'RED'), '1 vote');
    await eventually(
      () => streams,
      (count) => count === 2,
    );
  });

  it('can be used by keyboard alone', async () => {
    const poll = await votes.colours();
    const page = await votes.open(`#/votes/${poll}`);
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
    await votes.settledTotal(page, poll);
    await page.keyboard.press('Space');
    await reads(row(page, 'GREEN'), '2 votes');

    // Choosing another poll in the list leads to it.
    const other = await votes.client.createPoll({ question: 'Another question?', choices: ['A', 'B'] });
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
    const poll = await votes.colours();
    const page = await votes.open(`#/votes/${poll}`);
    await reads(connection(page), 'Live');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect(page.evaluate('document.activeElement.id')).resolves.toBe('content');
    expect(page.url()).toContain(`#/votes/${poll}`);
  });

  it('lets a key holder create, close and recount a poll', async () => {
    const page = await votes.open();
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
    const made = (await (await fetch(`${votes.url}/polls/quay`)).json()) as object;
    expect(made).toMatchObject({
      question: 'Which quay?',
      choices: ['North', 'South', 'East'],
      opensAt: await page.evaluate("new Date('2030-05-01T10:00').toISOString()"),
      closesAt: await page.evaluate("new Date('2031-05-01T10:00').toISOString()"),
      voterLimit: 'one',
      hideUntilClose: true,
      smsNumber: '+15551230000',
    });

    const poll = await votes.colours();
    await Promise.all([
      votes.client.vote(poll, 'RED'),
      votes.client.vote(poll, 'RED'),
      votes.client.vote(poll, 'BLUE'),
    ]);
    await page.goto(`${votes.url}/#/votes/${poll}`);
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
    await votes.client.createPoll({ pollId: 'taken', question: 'First?', choices: ['A', 'B'] });
    const page = await votes.open('', { key: KEY });
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
    const poll = await votes.colours();
    const page = await votes.open(`#/votes/${poll}`, { key: 'not-the-key-0123456789' });
    await page.getByRole('button', { name: 'Recount' }).click();
    await reads(page.locator('.controls').getByRole('alert'), 'The key that was sent is not known here');
  });

  it('shows hidden results as hidden until the poll closes', async () => {
    const poll = await votes.client.createPoll({ question: 'Secret?', choices: ['YES', 'NO'], hideUntilClose: true });
    const page = await votes.open(`#/votes/${poll}`);
    await reads(page.locator('.note'), 'hidden until the poll closes');
    await voteFor(page, 'YES').click();
    await reads(row(page, 'YES').locator('.vote'), 'Counted');
    await reads(figure(page, 'Votes'), 'Hidden');
    await expect(page.locator('.bar:visible').count()).resolves.toBe(0);

    await votes.client.closePoll(poll);
    await reads(row(page, 'YES'), /1 vote\s+100\.0%/);
    await fills(page, 'YES', 1);
    await expect(page.locator('.note').isVisible()).resolves.toBe(false);
  });

  it('takes one vote of each voter where the poll says so', async () => {
    dashboard.tolerate('409');
    const poll = await votes.client.createPoll({ question: 'Once?', choices: ['YES', 'NO'], voterLimit: 'one' });
    const page = await votes.open(`#/votes/${poll}`);
    await voteFor(page, 'YES').click();
    await expect(page.evaluate('document.activeElement.id')).resolves.toBe('voter');
    await page.getByLabel('Who votes').fill('Ada');
    await voteFor(page, 'YES').click();
    await reads(row(page, 'YES'), '1 vote');
    await voteFor(page, 'NO').click();
    await reads(row(page, 'NO').getByRole('alert'), 'has voted in poll');
    expect(await votes.client.results(poll)).toMatchObject({ total: 1 });
  });

  it('reaches every poll, however many there are', async () => {
    const full = await ServerProcess.start({ API_KEYS: `browser=${KEY}` });
    try {
      const { createPoll, closePoll } = anotherClient(full.url);
      await closePoll('colors');
      for (let number = 1; number <= 55; number++)
        await createPoll({ pollId: `poll-${number}`, question: `Number ${number}?`, choices: ['YES', 'NO'] });
      const page = await votes.open('', { url: full.url });
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
    const page = await votes.open('#/votes/nowhere', { prepare });
    await reads(page.getByRole('alert'), 'Trying again…');
    await page.unroute('**/polls/nowhere');
    await reads(page.getByRole('alert'), 'There is no poll "nowhere".');
    expect(await page.getByRole('alert').innerText()).not.toContain('Trying again');
    expect(await visibleTexts(page, '.connection, .problem')).toEqual([]);
  });

  it('shows a poll again that was gone and is there again', async () => {
    dashboard.tolerate('404');
    const poll = await votes.colours();
    const page = await votes.open(`#/votes/${poll}`);
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
    await votes.client.vote(poll, 'RED');
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
    const poll = await votes.client.createPoll({ question, choices });
    const page = await votes.open(`#/votes/${poll}`, { viewport: PHONE });
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
});
