import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { eventually } from '../helpers/eventually.ts';
import { httpService } from '../helpers/http-service.ts';
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

describe('the page of tasks, in Chromium', () => {
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

  const open = (address: string, opening = {}): Promise<Page> =>
    dashboard.open(server.url, address, { key: KEY, ...opening });
  let queues = 0;
  const newQueue = (): string => `queue-${++queues}`;

  const counter = (page: Page, name: string): Locator =>
    page
      .locator('.counts > div')
      .filter({ has: page.getByText(name, { exact: true }) })
      .locator('dd');
  const tasks = (page: Page): Locator => page.locator('.tasks a');
  const show = (page: Page, status: string): Promise<void> => page.getByLabel(status, { exact: true }).check();
  const history = (page: Page): Locator => page.locator('.history');

  /** A task that has failed for good. */
  async function deadLetter(queue: string, error: string): Promise<string> {
    const id = await client.enqueue(queue, { payload: { to: 'ann' } });
    const { taskId, fence } = await client.claim(queue);
    expect(taskId).toBe(id);
    await client.end(taskId, 'fail', { fence, error, retry: false });
    return taskId;
  }

  it('asks for a key, and shows the queues to whoever has one', async () => {
    await client.enqueue('first', { payload: 1 });
    const page = await dashboard.open(server.url, '#/tasks');
    await reads(page.locator('main'), 'Queues are shown to key holders');
    await expect(page.getByRole('button', { name: 'New task' }).count()).resolves.toBe(0);

    await page.getByRole('button', { name: 'Enter the API key' }).click();
    await page.getByLabel('Key', { exact: true }).fill(KEY);
    await page.keyboard.press('Enter');
    await reads(page.locator('.headline'), /./);
    await reads(page.locator('.side-list'), /first\s+1 pending · 0 taken/);

    await page.getByRole('button', { name: 'Key holder' }).click();
    await page.getByRole('button', { name: 'Forget the key' }).click();
    await reads(page.locator('main'), 'Queues are shown to key holders');
    await expect(page.locator('.card').count()).resolves.toBe(0);
  });

  it('says so when a key is not accepted', async () => {
    dashboard.tolerate('401');
    const page = await open('#/tasks', { key: 'not-the-key-0123456789' });
    await reads(page.locator('.place').getByRole('alert'), 'Change the key with the button at the top');
  });

  it('shows what a queue holds, how that changes, and what it has done', async () => {
    const queue = newQueue();
    await client.configureQueue(queue, { order: 'adaptive', deadlineSeconds: 60 });
    await client.enqueue(queue, { payload: 1 });
    const page = await open(`#/tasks/${queue}`);
    await reads(figure(page, 'Pending'), /^1$/);
    await reads(page.locator('.meta'), 'Adaptive, now oldest first · deadline 60 s');
    await reads(page.locator('figcaption'), /^Pending\s*Taken\s*1 open now/);
    const drawn = () => page.locator('.chart path.is-pending').getAttribute('d');
    const before = await drawn();
    const longest = await figure(page, 'Longest due').innerText();

    await Promise.all(Array.from({ length: 11 }, () => client.enqueue(queue, { payload: 1 })));
    const { taskId, fence } = await client.claim(queue);
    await reads(figure(page, 'Pending'), /^11$/);
    await reads(figure(page, 'Taken'), /^1$/);
    await reads(page.locator('figcaption'), /12 open now, between 1 and 12 in the last [\d.]+ s\.$/);
    await reads(page.locator('.chart-top'), '20');
    expect(await drawn()).not.toBe(before);
    await eventually(
      () => figure(page, 'Longest due').innerText(),
      (text) => text !== longest,
    );
    await reads(figure(page, 'Newest'), /^\d+ ms$|^[\d.]+ s$/);

    await client.end(taskId, 'complete', { fence, result: 'done' });
    await reads(counter(page, 'Enqueued'), /^12$/);
    await reads(counter(page, 'Succeeded'), /^1$/);
    await reads(figure(page, 'Taken'), /^0$/);
  });

  it('remembers the depth of a queue while another one is shown', async () => {
    const [one, other] = [newQueue(), newQueue()];
    await client.enqueue(one, { payload: 1 });
    await client.enqueue(other, { payload: 1 });
    const page = await open(`#/tasks/${one}`);
    await reads(figure(page, 'Pending'), /^1$/);
    await client.enqueue(one, { payload: 1 });
    await client.enqueue(one, { payload: 1 });
    await reads(figure(page, 'Pending'), /^3$/);
    await page.locator('.side-list a').filter({ hasText: other }).click();
    await reads(page.locator('.headline'), other);
    await reads(figure(page, 'Pending'), /^1$/);
    await page.locator('.side-list a').filter({ hasText: one }).click();
    await reads(page.locator('figcaption'), /3 open now, between 1 and 3 in the/);
  });

  it('says which figures are not exact', async () => {
    const queue = newQueue();
    await client.enqueue(queue, { payload: 1 });
    const prepare = (page: Page) =>
      page.route(`**/queues/${queue}`, async (route) => {
        const response = await route.fetch();
        const body = (await response.json()) as object;
        await route.fulfill({
          response,
          json: { ...body, approximate: ['pending', 'newestPendingAgeMs', 'counters'] },
        });
      });
    const page = await open(`#/tasks/${queue}`, { prepare });
    await reads(figure(page, 'Pending'), /^≈\xa01$/);
    await reads(figure(page, 'Taken'), /^0$/);
    await reads(counter(page, 'Enqueued'), /^≈\xa01$/);
    await reads(page.locator('.card'), '≈ is not exact');
    await reads(page.locator('figcaption'), '≈\xa01 open now');
    await client.claim(queue);
    await reads(figure(page, 'Newest'), /^–$/);
    await reads(page.locator('.figures'), /Newest\s+–\s+nothing is pending/);
    await reads(page.locator('.figures'), /Longest due\s+–\s+nothing is due/);
  });

  it('lists tasks by what became of them, and leads to each', async () => {
    const queue = newQueue();
    const dead = await deadLetter(queue, 'The mailbox is full.');
    const pending = await client.enqueue(queue, { payload: 1 });
    const page = await open(`#/tasks/${queue}`);
    await reads(tasks(page), pending);
    await show(page, 'Taken');
    await reads(page.locator('.card'), 'There is none.');
    await show(page, 'Dead letters');
    await reads(tasks(page), new RegExp(`${dead}\\s.*attempt 1 of 20\\s+The mailbox is full\\.\\s+\\{"to":"ann"\\}`));

    await tasks(page).click();
    await reads(page.locator('.headline'), `Task ${dead}`);
    await reads(page.locator('.status'), 'FAILURE');
    await expect(page.evaluate('document.activeElement.className')).resolves.toContain('headline');
    await page.getByRole('link', { name: `Queue ${queue}` }).click();
    await reads(page.locator('.headline'), queue);

    await client.claim(queue);
    await show(page, 'Taken');
    await reads(tasks(page), pending);
    await page.getByLabel('Find a task by its id').fill(dead);
    await page.keyboard.press('Enter');
    await reads(page.locator('.status'), 'FAILURE');
  });

  it('leaves the focus with a task while the list changes', async () => {
    const queue = newQueue();
    const id = await client.enqueue(queue, { payload: 1 });
    const page = await open(`#/tasks/${queue}`);
    await tasks(page).focus();
    const newer = await client.enqueue(queue, { payload: 1 });
    await reads(tasks(page).first(), newer, 8_000);
    await expect(page.evaluate("document.activeElement.getAttribute('href')")).resolves.toBe(`#/tasks/${queue}/${id}`);
  });

  it('reaches older tasks', async () => {
    const queue = newQueue();
    for (let number = 1; number <= 23; number++)
      await client.enqueue(queue, { payload: number, taskId: `t-${number}` });
    const page = await open(`#/tasks/${queue}`);
    await reads(tasks(page).first(), 't-23');
    await expect(tasks(page).count()).resolves.toBe(20);
    await page.getByRole('button', { name: 'Older tasks' }).click();
    await eventually(
      () => tasks(page).count(),
      (count) => count === 23,
    );
  });

  it('passes pages of a list that are empty, and says so when it has not found anything yet', async () => {
    const queue = newQueue();
    const id = await client.enqueue(queue, { payload: 1 });
    let empty = 3;
    const prepare = (page: Page) =>
      page.route(
        (url) => url.pathname.endsWith(`/${queue}/tasks`),
        (route) => {
          if (empty-- > 0) return route.fulfill({ json: { tasks: [], nextCursor: 'next' } });
          return route.continue({ url: route.request().url().replace('&cursor=next', '') });
        },
      );
    const page = await open(`#/tasks/${queue}`, { prepare });
    await reads(tasks(page), id);

    empty = Number.POSITIVE_INFINITY;
    await show(page, 'Taken');
    await reads(page.locator('.card'), 'None found yet.');
    await expect(page.getByRole('button', { name: 'Older tasks' }).isVisible()).resolves.toBe(true);
  });

  it('shows a list whose answers take longer than the time between two refreshes', async () => {
    const queue = newQueue();
    const id = await client.enqueue(queue, { payload: 1 });
    const waiting: (() => Promise<void>)[] = [];
    const prepare = async (page: Page) => {
      await page.clock.install();
      await page.route(
        (url) => url.pathname.endsWith(`/${queue}/tasks`),
        (route) => void waiting.push(() => route.continue()),
      );
    };
    const page = await open(`#/tasks/${queue}`, { prepare });
    const [first] = await eventually(
      () => waiting,
      ({ length }) => length > 0,
    );
    await page.clock.runFor(6_000);
    await first?.();
    await reads(tasks(page), id);
  });

  it('tells the history of a task as it goes on', async () => {
    const queue = newQueue();
    const id = await client.enqueue(queue, { payload: { to: 'ann', pages: [1, 2] } });
    const page = await open(`#/tasks/${queue}/${id}`);
    await reads(page.locator('.status'), 'PENDING');
    await reads(history(page), /Enqueued[\s\S]*Deadline: shed if nobody has claimed it by here/);
    await expect(page.getByRole('region', { name: 'Payload' }).innerText()).resolves.toBe(
      JSON.stringify({ to: 'ann', pages: [1, 2] }, null, 2),
    );

    const first = await client.claim(queue);
    await reads(page.locator('.status'), 'TAKEN');
    await reads(history(page), /Claimed: attempt 1 of 20[\s\S]*The lease ends here/);
    await client.end(id, 'fail', { fence: first.fence, error: 'No route to host.' });
    await reads(page.getByRole('region', { name: 'Last error' }), 'No route to host.');
    await reads(history(page), 'May be tried again from here on');
    const second = await eventually(
      () => client.claim(queue),
      () => true,
    );
    await client.end(id, 'complete', { fence: second.fence, result: { sent: true } });
    await reads(page.locator('.status'), 'SUCCESS');
    const [failed, succeeded] = [
      /Attempt 1 of 20 failed after .*: No route to host\./,
      /Attempt 2 of 20 succeeded after/,
    ];
    await reads(
      history(page),
      new RegExp(`Enqueued[\\s\\S]*${failed.source}[\\s\\S]*${succeeded.source}[\\s\\S]*Succeeded`),
    );
    await reads(page.getByRole('region', { name: 'Result' }), '"sent": true');
  });

  it('goes to the queue of a task that was looked for in another one', async () => {
    const [queue, other] = [newQueue(), newQueue()];
    const id = await client.enqueue(queue, { payload: 1 });
    const page = await open(`#/tasks/${other}/${id}`);
    await reads(page.getByRole('link', { name: `Queue ${queue}` }), queue);
    expect(page.url()).toBe(`${server.url}/#/tasks/${queue}/${id}`);
  });

  it('brings dead letters back, all of them or one', async () => {
    const queue = newQueue();
    const dead = [await deadLetter(queue, 'one'), await deadLetter(queue, 'two'), await deadLetter(queue, 'three')];
    const page = await open(`#/tasks/${queue}`);
    await reads(figure(page, 'Dead letters'), /^3$/);
    const redrive = page.getByRole('button', { name: 'Redrive the dead letters' });
    await redrive.click();
    await reads(page.getByRole('dialog'), 'Redrive 3 dead letters?');
    await page.getByRole('button', { name: 'Leave them' }).click();
    await reads(figure(page, 'Dead letters'), /^3$/);

    await page.goto(`${server.url}/#/tasks/${queue}/${dead[1]}`);
    await page.getByRole('button', { name: 'Redrive this task' }).click();
    await reads(page.locator('.status'), 'PENDING');
    await reads(page.locator('.card'), 'The task is pending again.');
    await expect(page.getByRole('button', { name: 'Redrive this task' }).count()).resolves.toBe(0);

    await page.goto(`${server.url}/#/tasks/${queue}`);
    await reads(figure(page, 'Dead letters'), /^2$/);
    await redrive.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Redrive' }).click();
    await reads(page.locator('.card'), '2 tasks are pending again.');
    await reads(figure(page, 'Pending'), /^3$/);
    await reads(counter(page, 'Redriven'), /^3$/);
    await expect(redrive.isVisible()).resolves.toBe(false);
  });

  it('says what the service has against a redrive', async () => {
    dashboard.tolerate('409');
    const queue = newQueue();
    const dead = await deadLetter(queue, 'one');
    const page = await open(`#/tasks/${queue}/${dead}`);
    const button = page.getByRole('button', { name: 'Redrive this task' });
    await button.waitFor();
    await page.route('**/redrive', async (route) => {
      await route.fetch();
      await route.continue();
    });
    await button.click();
    await reads(page.locator('.card').getByRole('alert'), /FAILURE/);
  });

  it('enqueues a task, once however often it is sent', async () => {
    dashboard.tolerate('net::ERR_FAILED');
    const queue = newQueue();
    const page = await open('#/tasks');
    await page.getByRole('button', { name: 'New task' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Queue').fill(queue);
    await dialog.getByLabel('Payload').fill('{"to": "ann"}');
    await dialog.getByLabel('Delay in seconds').fill('600');
    await dialog.getByLabel('Attempts').fill('2');
    let sent = 0;
    await page.route('**/tasks', async (route) => {
      if (++sent > 1) return route.continue();
      await route.fetch();
      await route.abort();
    });
    await page.getByRole('button', { name: 'Enqueue the task' }).click();
    await reads(dialog.getByRole('alert'), 'cannot be reached');
    await page.getByRole('button', { name: 'Enqueue the task' }).click();
    await reads(page.locator('.status'), 'PENDING');
    await reads(history(page), 'May be claimed from here on');
    await reads(page.getByRole('region', { name: 'Payload' }), '"to": "ann"');
    await page.getByRole('link', { name: `Queue ${queue}` }).click();
    await reads(counter(page, 'Enqueued'), /^1$/);
  });

  it('puts what is wrong with a task into words, at the fields', async () => {
    dashboard.tolerate('400');
    const queue = newQueue();
    await client.enqueue(queue, { payload: 1 });
    const page = await open(`#/tasks/${queue}`);
    await page.getByRole('button', { name: 'New task' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Payload').fill('{to: ann}');
    await dialog.getByRole('button', { name: 'Enqueue the task' }).click();
    await reads(dialog.locator('.field-error'), 'must be JSON');
    await expect(dialog.getByLabel('Payload').getAttribute('aria-invalid')).resolves.toBe('true');
    await dialog.getByLabel('Payload').fill('1');
    await dialog.getByLabel('Queue').fill('no queue');
    await dialog.getByRole('button', { name: 'Enqueue the task' }).click();
    await reads(dialog.locator('.field').first(), 'must be 1–64 letters, digits, _ and -');
    await dialog.getByLabel('Queue').fill(queue);
    await dialog.getByLabel('Attempts').fill('1000');
    await dialog.getByRole('button', { name: 'Enqueue the task' }).click();
    await reads(dialog.locator('.pair .field').last(), 'must be <= 100');
    await expect(violations(page)).resolves.toEqual([]);
  });

  it('keeps the last figures when the connection is lost, says so, and recovers by itself', async () => {
    dashboard.tolerate('net::ERR_');
    const queue = newQueue();
    await client.enqueue(queue, { payload: 1 });
    const page = await open(`#/tasks/${queue}`);
    await reads(connection(page), 'Polling every 2 s');
    await page.route('**/queues**', (route) => route.abort());
    await page.route('**/queues/**', (route) => route.abort());
    await reads(connection(page), 'Connection lost');
    await reads(page.locator('.connection-detail:visible'), 'last figures that arrived');
    await reads(figure(page, 'Pending'), /^1$/);
    await page.unrouteAll();
    await reads(connection(page), 'Polling every 2 s', 10_000);
  });

  it('says what it was told of a queue and of a task that do not exist', async () => {
    dashboard.tolerate('404');
    const page = await open('#/tasks/nowhere');
    await reads(page.getByRole('alert'), /^There is no such queue\./);
    expect(await visibleTexts(page, '.connection, .problem')).toEqual([]);
    await page.goto(`${server.url}/#/tasks/nowhere/nothing`);
    await reads(page.getByRole('alert'), /^There is no such task\./);
    expect(await visibleTexts(page, '.connection, .problem')).toEqual([]);
    expect(await page.locator('.meta').innerText()).toBe('Queue nowhere');
  });

  it('shows the same of a queue in the list and in its card, at any moment', async () => {
    const queue = newQueue();
    await client.enqueue(queue, { payload: 1 });
    const page = await open(`#/tasks/${queue}`);
    const entry = page.locator('.side-list a').filter({ has: page.getByText(queue, { exact: true }) });
    await reads(entry, /\s1 pending · 0 taken/);
    await page.evaluate(`{
      window.contradictions = [];
      const said = (selector, pattern) => pattern.exec(document.querySelector(selector)?.textContent)?.[1];
      new MutationObserver(() => {
        const inCard = said('.figure.is-total .figure-value', /^(\\d+)$/);
        const inList = said('.side-list a[aria-current] .link-facts', /^(\\d+) pending/);
        if (inCard !== inList) window.contradictions.push([inCard, inList]);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    }`);
    // What the list is told from now on is of another time than what the card is told.
    await page.route('**/queues?**', async (route) => {
      const response = await route.fetch();
      const { queues, ...rest } = (await response.json()) as { queues: { queue: string }[] };
      await route.fulfill({ response, json: { ...rest, queues: queues.map((each) => ({ ...each, pending: 77 })) } });
    });
    await Promise.all([client.enqueue(queue, { payload: 1 }), client.enqueue(queue, { payload: 1 })]);
    await reads(figure(page, 'Pending'), /^3$/);
    await reads(entry, /\s3 pending · 0 taken/);
    const others = page.locator('.side-list a:not([aria-current])');
    await reads(others.first(), '77 pending', 20_000);
    await reads(entry, /\s3 pending · 0 taken/);
    await expect(page.evaluate('window.contradictions')).resolves.toEqual([]);
  });

  it('finds queues by name, also those on pages that are not loaded, and shows first which need a look', async () => {
    const full = await ServerProcess.start({ API_KEYS: `browser=${KEY}` });
    try {
      const { enqueue, claim, end } = anotherClient(full.url);
      for (let number = 10; number < 70; number++) await enqueue(`tenant-${number}`, { payload: 1 });
      for (const queue of ['tenant-15', 'tenant-33']) {
        const { taskId, fence } = await claim(queue);
        await end(taskId, 'fail', { fence, error: 'no', retry: false });
      }
      const late = (page: Page) =>
        page.route('**/queues?**', async (route) => {
          const response = await route.fetch();
          const { queues, ...rest } = (await response.json()) as { queues: { queue: string }[] };
          const changed = queues.map((each) => ({
            ...each,
            ...(each.queue === 'tenant-20' ? { oldestDueAgeMs: 600_000 } : {}),
            ...(each.queue === 'tenant-21' ? { oldestDueAgeMs: 600_000, paused: true } : {}),
          }));
          await route.fulfill({ response, json: { ...rest, queues: changed } });
        });
      const page = await dashboard.open(full.url, '#/tasks/tenant-10', { key: KEY, prepare: late });
      const names = page.locator('.side-list .link-title');
      await reads(page.locator('.side-list summary'), /at least 48 pending · 2 dead/);
      expect((await names.allInnerTexts()).slice(0, 5)).toEqual([
        'tenant-15',
        'tenant-20',
        'tenant-33',
        'tenant-10',
        'tenant-11',
      ]);
      await reads(page.locator('.side-list h3').first(), 'With dead letters, or tasks due for over 5 min');
      const add = await page.getByRole('button', { name: 'New task' }).boundingBox();
      const list = await page.locator('.side-list').boundingBox();
      expect(add?.y).toBeLessThan(list?.y ?? 0);

      await page.getByRole('searchbox', { name: 'Find by name' }).fill('Tenant-6');
      await eventually(
        () => names.allInnerTexts(),
        (found) => found.join() === Array.from({ length: 10 }, (_, digit) => `tenant-6${digit}`).join(),
      );
      await expectGood(page, 'found');
      await page.getByRole('searchbox', { name: 'Find by name' }).fill('nobody');
      await reads(page.locator('.side-list'), 'There is none of that name.');
      await page.getByRole('searchbox', { name: 'Find by name' }).fill('');
      await eventually(
        () => names.count(),
        (count) => count === 50,
      );
    } finally {
      expect(await full.stop()).toMatchObject({ code: 0 });
    }
  });

  it('says that nobody works on a task whose worker is gone', async () => {
    const queue = newQueue();
    await client.enqueue(queue, { payload: 1 });
    const { taskId } = await client.claim(queue, { leaseSeconds: 1, worker: 'mailer-7' });
    const page = await open(`#/tasks/${queue}`);
    await reads(page.locator('.figures'), /Taken\s+1\s+a worker is gone/);
    await reads(page.locator('.card'), 'nobody has claimed the task again');
    await show(page, 'Taken');
    await reads(tasks(page), /attempt 1 of 20 · claimed by mailer-7 · nobody has worked on it since/);
    await client.enqueue(queue, { payload: 1, delaySeconds: 600 });
    await reads(page.locator('.figures'), /Pending\s+1\s+1 not due yet/);
    await reads(page.locator('.figures'), /Taken\s+1\s+a worker is gone/);
    await tasks(page).click();
    await reads(
      history(page),
      /Claimed by mailer-7: attempt 1 of 20[\s\S]*nobody works on it until it is claimed again/,
    );

    await client.claim(queue, { worker: 'mailer-8' });
    await reads(history(page), /Attempt 1 of 20 by mailer-7 lost its lease[\s\S]*Claimed by mailer-8: attempt 2 of 20/);
    await page.goto(`${server.url}/#/tasks/${queue}`);
    await reads(page.locator('.figures'), /Taken\s+1\s+claimed by workers/);
    expect(await page.locator('.card').innerText()).not.toContain('nobody has claimed');
    expect(taskId).toBeTruthy();
  });

  it('tells in a row what a task carries and when it is due', async () => {
    const queue = newQueue();
    await client.enqueue(queue, { payload: { to: 'ann' }, delaySeconds: 600 });
    await client.enqueue(queue, { payload: 'now' });
    const page = await open(`#/tasks/${queue}`);
    await reads(tasks(page).last(), /· due \d+ \w+ \d{4}, \d\d:\d\d:\d\d\s+\{"to":"ann"\}$/);
    await reads(tasks(page).first(), /\d\d:\d\d:\d\d\s+"now"$/);
  });

  it('says why a task failed for good', async () => {
    const queue = newQueue();
    const dead = await deadLetter(queue, 'The mailbox is full.');
    const page = await open(`#/tasks/${queue}/${dead}`);
    await reads(history(page), 'Failed for good, it was not to be tried again: The mailbox is full.');
    await client.enqueue(queue, { payload: 1, maxAttempts: 1, taskId: 'once' });
    const { fence } = await client.claim(queue, { worker: 'w1' });
    await client.end('once', 'fail', { fence, error: 'No route to host.' });
    await page.goto(`${server.url}/#/tasks/${queue}/once`);
    await reads(history(page), /Attempt 1 of 1 by w1 failed after [\s\S]*: No route to host\.\s/);
    await reads(history(page), 'Failed for good, that was its last attempt: No route to host.');
  });

  it.each([320, 390, 1280])(
    'keeps ids and figures on one line and errors readable in a window of %i px',
    async (width) => {
      const queue = newQueue();
      const taskId = `${'w'.repeat(52)}-${width}-the-end`.slice(-64);
      await client.enqueue(queue, { payload: { long: 'x'.repeat(500) }, taskId });
      const { fence } = await client.claim(queue);
      const error = 'The service answered 422: there is no such mailbox, so nothing was sent to it.';
      await client.end(taskId, 'fail', { fence, error, retry: false });
      const prepare = (page: Page) =>
        page.route(`**/queues/${queue}`, async (route) => {
          const response = await route.fetch();
          const figures = { pending: 9_999_999, taken: 29_995, approximate: ['pending', 'taken'] };
          await route.fulfill({ response, json: { ...((await response.json()) as object), ...figures } });
        });
      const page = await open(`#/tasks/${queue}`, { viewport: { width, height: 800 }, prepare });
      await reads(figure(page, 'Pending'), /^≈\xa09,999,999$/);
      await show(page, 'Dead letters');
      await reads(tasks(page), error);
      /** Elements that take several lines, or stand out of the box of what they are in. */
      const broken = (selector: string, box: string) =>
        page.evaluate<string[]>(`[...document.querySelectorAll('${selector}')].flatMap((element) => {
        const range = document.createRange();
        range.selectNodeContents(element);
        const { right } = element.closest('${box}').getBoundingClientRect();
        const boxes = [...range.getClientRects()].filter(({ width }) => width > 0);
        const height = Math.max(...boxes.map(({ bottom }) => bottom)) - Math.min(...boxes.map(({ top }) => top));
          const isWhole = height < 1.9 * parseFloat(getComputedStyle(element).fontSize) &&
            element.scrollWidth <= element.clientWidth + 1 && element.getBoundingClientRect().right <= right + 1;
        return isWhole ? [] : [element.textContent];
      })`);
      expect(await broken('.figure .figure-value', '.figure')).toEqual([]);
      expect(await broken('.tasks .id', 'a')).toEqual([]);
      const isCut = (selector: string) =>
        page.evaluate<boolean>(`(({ scrollHeight, clientHeight }) => scrollHeight > clientHeight)
        (document.querySelector('${selector}'))`);
      expect(await isCut('.task-error')).toBe(false);
      await expect(page.locator('.tasks .id').getAttribute('title')).resolves.toBe(taskId);
      await expect(page.locator('.tasks .id').textContent()).resolves.toBe(taskId);
      expect(await overflow(page)).toBe(0);
      await tasks(page).click();
      await reads(page.locator('.status'), 'FAILURE');
      expect(await broken('.headline .id', '.card')).toEqual([]);
      expect(await overflow(page)).toBe(0);
    },
  );

  it('can be used by keyboard alone', async () => {
    const queue = newQueue();
    const dead = await deadLetter(queue, 'one');
    const page = await open(`#/tasks/${queue}`);
    await reads(connection(page), 'Polling every 2 s');
    const focused = `(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      const { value, textContent } = document.activeElement;
      return { text: value || textContent, isSeen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 };
    })()`;
    await page.locator('.side-list a').filter({ hasText: queue }).focus();
    const path: string[] = [];
    for (let presses = 0; presses < 60 && path.at(-1) !== 'PENDING'; presses++) {
      await page.keyboard.press('Tab');
      const { text, isSeen } = await page.evaluate<{ text: string; isSeen: boolean }>(focused);
      expect({ text, isSeen }).toEqual({ text, isSeen: true });
      path.push(text);
    }
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await reads(tasks(page), dead);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await reads(page.locator('.headline'), dead);
    await page.getByRole('button', { name: 'Redrive this task' }).waitFor();
    for (let presses = 0; presses < 5; presses++) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate<{ text: string }>(focused)).text === 'Redrive this task') break;
    }
    await page.keyboard.press('Enter');
    await reads(page.locator('.status'), 'PENDING');
    // What held the focus is gone, so the heading has it.
    await expect(page.evaluate('document.activeElement.className')).resolves.toContain('headline');
  });

  it('shows any text as text', async () => {
    const queue = 'q'.repeat(64);
    const payload = { '<img src=x onerror=alert(1)>': '\u202Eleft to right', long: 'w'.repeat(30_000) };
    const id = await client.enqueue(queue, { payload });
    const { fence } = await client.claim(queue);
    await client.end(id, 'fail', { fence, error: `<script>alert(1)</script>\u202E${'e'.repeat(1_900)}`, retry: false });
    const page = await open(`#/tasks/${queue}/${id}`, { viewport: PHONE });
    await reads(page.locator('.status'), 'FAILURE');
    await expect(page.locator('main script, main img').count()).resolves.toBe(0);
    await expect(page.getByRole('region', { name: 'Payload' }).textContent()).resolves.toBe(JSON.stringify(payload));
    expect(await overflow(page)).toBe(0);
    await page.goto(`${server.url}/#/tasks/${queue}`);
    await show(page, 'Dead letters');
    await reads(tasks(page), '<script>');
    expect(await overflow(page)).toBe(0);
    await page.setViewportSize({ width: 320, height: 256 });
    expect(await overflow(page)).toBe(0);
  });

  describe('with a queue in which something happens', () => {
    let stage: ServerProcess;
    let others: AnotherClient;
    let dead: string;
    beforeAll(async () => {
      stage = await ServerProcess.start({ API_KEYS: `browser=${KEY}` });
      others = anotherClient(stage.url);
      await others.configureQueue('mails', { order: 'adaptive', deadlineSeconds: 120 });
      dead = await others.enqueue('mails', { payload: { to: 'ann', subject: 'Your ticket' } });
      const { fence } = await others.claim('mails');
      await others.end(dead, 'fail', { fence, error: 'The service answered 422: no such mailbox', retry: false });
      for (let number = 0; number < 30; number++) await others.enqueue('mails', { payload: { to: `guest-${number}` } });
      for (let number = 0; number < 4; number++) await others.claim('mails');
      await others.enqueue('invoices', { payload: 1 });
    });
    afterAll(async () => {
      expect(await stage?.stop()).toMatchObject({ code: 0 });
    });

    it.each(screens)('reads well and hides nothing from anybody: %j', async (screen) => {
      const page = await dashboard.open(stage.url, '#/tasks/mails', { ...screen, key: KEY });
      await reads(figure(page, 'Pending'), /^\d+$/);
      for (let number = 0; number < 5; number++) await others.enqueue('mails', { payload: number });
      await reads(page.locator('figcaption'), /open now, between \d+ and \d+ in/);
      await tasks(page).first().waitFor();
      await expectGood(page, 'queue');
      await page.getByRole('button', { name: 'Redrive the dead letters' }).scrollIntoViewIfNeeded();
      await expectGood(page, 'queue-tasks');
      await page.getByRole('button', { name: 'New task' }).click();
      await expectGood(page, 'new-task');
      await page.keyboard.press('Escape');
      await page.goto(`${stage.url}/#/tasks/mails/${dead}`);
      await reads(page.locator('.status'), 'FAILURE');
      await expectGood(page, 'task');
    });

    it('draws how a burst comes and is worked off', async () => {
      const slow = await httpService((_, response) => void setTimeout(() => response.end('{"done":true}'), 200));
      try {
        const runner = { url: slow.url, concurrency: 4 };
        await others.configureQueue('thumbnails', { order: 'adaptive', deadlineSeconds: 20, runner });
        const page = await dashboard.open(stage.url, '#/tasks/thumbnails', { key: KEY });
        await reads(page.locator('.meta'), `run by ${new URL(slow.url).host}, 4 at once`);
        // For a picture it goes on long enough to be seen in the line of the last minutes.
        const rounds = SCREENSHOT_DIR ? 300 : 10;
        let sent = 0;
        for (let round = 0; round < rounds; round++) {
          const wave = Math.round(4 + 6 * Math.sin(round / 20) + 3 * Math.sin(round / 5));
          const enqueued = Array.from({ length: Math.max(0, wave) }, () =>
            others.enqueue('thumbnails', { payload: sent++ }),
          );
          await Promise.all([...enqueued, page.waitForTimeout(200)]);
        }
        await picture(page, 'burst');
        await reads(figure(page, 'Pending'), /^0$/, 30_000);
        await reads(counter(page, 'Enqueued'), new Intl.NumberFormat('en').format(sent));
        await reads(page.locator('figcaption'), /^Pending\s*Taken\s*0 open now, between 0 and [1-9]/);
      } finally {
        await slow.close();
      }
    }, 180_000);

    it('looks well without a key, too', async () => {
      const page = await dashboard.open(stage.url, '#/tasks');
      await reads(page.locator('main'), 'key holders');
      await expectGood(page, 'no-key');
    });
  });
});
