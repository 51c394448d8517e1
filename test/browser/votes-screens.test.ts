import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { type AnotherClient, anotherClient, KEY } from './another-client.ts';
import { connection, expectGood, figure, picture, reads, SCREENSHOT_DIR, screens, useDashboard } from './dashboard.ts';
import { fills, type Opening, row, useVotesPage, voteFor } from './votes-page.ts';

describe('the page of votes on any screen, in Chromium', () => {
  const dashboard = useDashboard();
  const votes = useVotesPage(dashboard);

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
      const poll = await votes.colours();
      const page = await votes.open(`#/votes/${poll}`, { prepare: forget });
      await reads(connection(page), 'Live');
      await voteFor(page, 'RED').click();
      await reads(row(page, 'RED'), /1 vote\s+100\.0%/);
      await fills(page, 'RED', 1);
    });

    it.each(['tasks', 'stocks'])('shows the page of %s', async (name) => {
      await votes.client.enqueue('old', { payload: 1 });
      const page = await votes.open(`#/${name}`, { prepare: forget, key: KEY });
      await reads(connection(page), 'Polling every');
      await expect(page.locator('.fault').count()).resolves.toBe(0);
    });

    it('opens dialogs in place of the page', async () => {
      const page = await votes.open('', { prepare: forget });
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
      const page = await votes.open('', { prepare: tooNew });
      await page.getByText('a browser of 2022 or later').waitFor();
      const good = await votes.open();
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
    const poll = await votes.colours();
    const page = await votes.open(`#/votes/${poll}`, { prepare: (page) => page.addInitScript(breakIt) });
    await reads(page.locator('.fault'), 'TypeError: no such thing');
    const text = await page.locator('body').innerText();
    expect(text).not.toMatch(/cannot be reached|does not answer|Connection lost/);
  });

  it('leaves connections for eight windows side by side, of which one has the events', async () => {
    const poll = await votes.colours();
    const first = await votes.open(`#/votes/${poll}`);
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
    const poll = await votes.colours();
    await votes.client.vote(poll, 'RED');
    await votes.client.closePoll(poll);
    let asked = 0;
    const prepare = async (page: Page) => {
      await page.clock.install();
      page.on('request', (request) => {
        if (/\/results(\/events)?$/.test(request.url())) asked += 1;
      });
    };
    const page = await votes.open(`#/votes/${poll}`, { prepare });
    await reads(connection(page), 'Up to date');
    for (let seconds = 0; seconds < 600; seconds += 2) await page.clock.runFor(2_000);
    // After 2, 4, 8, 16, 32 s, then once a minute; asking takes its own time beside the clock. Every 2 s would be 300 times.
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThan(40);
  });

  it('shows shares that add up', async () => {
    const poll = await votes.colours();
    for (const choice of ['RED', 'GREEN', 'BLUE']) await votes.client.vote(poll, choice);
    const page = await votes.open(`#/votes/${poll}`);
    await reads(figure(page, 'Votes'), /^3$/);
    await expect(page.locator('.choice-share').allInnerTexts()).resolves.toEqual(['33.4%', '33.3%', '33.3%']);
  });

  it.each([
    { width: 390, height: 664 },
    { width: 360, height: 560 },
  ])('shows a voter on a phone all buttons of a short poll at once: %j', async (viewport) => {
    const choices = ['Counting', 'Queues', 'Money', 'Hexagons', 'Streams'];
    const poll = await votes.client.createPoll({ question: 'Which talk?', choices });
    const page = await votes.open(`#/votes/${poll}`, { viewport });
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
    const poll = await votes.client.createPoll({ question, choices });
    const page = await votes.open(`#/votes/${poll}`, { viewport: { width: 390, height: 844 } });
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
    const poll = await votes.colours();
    await votes.client.closePoll(poll);
    const page = await votes.open(`#/votes/${poll}`);
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
      const page = await votes.open('', { key: KEY, ...opening });
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
      expect(await (await fetch(`${votes.url}/polls/${id}`)).json()).toMatchObject({ closesAt });
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
      const poll = await votes.colours();
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
          const data = JSON.stringify({ ...(await votes.client.results(poll)), ...fields() });
          return route.fulfill({ contentType: 'text/event-stream', body: `event: results\ndata: ${data}\n\n` });
        });
      };
      const page = await votes.open(`#/votes/${poll}`, { prepare });
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
      const poll = await votes.colours();
      const prepare = async (page: Page) => {
        await changed(page, '**/results', () => ({ stale: true, completeUpTo: '2026-01-01T00:00:00.000Z' }));
        await page.route('**/results/events', (route) => route.abort());
      };
      const page = await votes.open(`#/votes/${poll}`, { prepare });
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
      const poll = await votes.colours();
      await votes.client.closePoll(poll);
      const prepare = (page: Page) => changed(page, new RegExp(`/polls/${poll}$`), () => ({ final: true, audit }));
      const page = await votes.open(`#/votes/${poll}`, { prepare });
      await reads(page.locator('.ending'), warning);
      await expect(page.locator('.ending .problem').count()).resolves.toBe(1);
    });

    it('names the regions of a poll that has several, and offers no vote where only texts are taken', async () => {
      const poll = await votes.colours();
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
      const page = await votes.open(`#/votes/${poll}`, { prepare });
      await reads(page.locator('.card'), 'Regions: eu-west-1 takes votes, us-east-1 is closed.');
      await reads(page.locator('.meta'), 'by SMS alone');
      await expect(page.locator('.vote:visible').count()).resolves.toBe(0);
    });
  });

  it('moves nothing for people who want no motion', async () => {
    const poll = await votes.colours();
    const page = await votes.open(`#/votes/${poll}`, { reducedMotion: 'reduce' });
    await reads(connection(page), 'Live');
    await expect(
      page.evaluate("getComputedStyle(document.querySelector('.bar-fill')).transitionDuration"),
    ).resolves.toBe('0s');
  });

  it('comes with API documentation that works under the same policy', async () => {
    const page = await votes.open('docs');
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
      const page = await votes.open('#/votes/talks', { url: stage.url });
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
      const page = await votes.open('#/votes/talks', { url: stage.url, viewport, colorScheme, key: KEY });
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
