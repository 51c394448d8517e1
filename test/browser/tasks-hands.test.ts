import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { type AnotherClient, anotherClient, KEY } from './another-client.ts';
import { expectGood, figure, PHONE, reads, screens, useDashboard } from './dashboard.ts';

describe('what a key holder can do with queues and tasks, in Chromium', () => {
  const dashboard = useDashboard();
  let server: ServerProcess;
  let client: AnotherClient;
  beforeAll(async () => {
    server = await ServerProcess.start({ API_KEYS: `browser=${KEY}`, SWEEP_SECONDS: '1' });
    client = anotherClient(server.url);
  });
  afterAll(async () => {
    expect(await server?.stop()).toMatchObject({ code: 0 });
  });

  const open = (address: string, opening = {}): Promise<Page> =>
    dashboard.open(server.url, address, { key: KEY, ...opening });
  let queues = 0;
  const newQueue = (): string => `hand-${++queues}`;
  const tasks = (page: Page): Locator => page.locator('.tasks a');
  const show = (page: Page, status: string): Promise<void> => page.getByLabel(status, { exact: true }).check();
  const button = (page: Page, name: string): Locator => page.getByRole('button', { name });
  const card = (page: Page): Locator => page.locator('.card');

  async function deadLetters(queue: string, count: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      await client.enqueue(queue, { payload: number });
      const { taskId, fence } = await client.claim(queue);
      await client.end(taskId, 'fail', { fence, error: 'no', retry: false });
    }
  }

  it('pauses a queue and lets it go on', async () => {
    const queue = newQueue();
    await client.enqueue(queue, { payload: 1 });
    const page = await open(`#/tasks/${queue}`);
    await button(page, 'Pause').focus();
    await page.keyboard.press('Enter');
    await reads(card(page), 'Paused: nobody can claim a task');
    await reads(page.locator('.side-list a[aria-current]'), 'paused');
    await expect(client.claim(queue)).rejects.toThrow('nothing to claim');
    // The button that takes it back has the focus.
    await page.keyboard.press('Enter');
    await reads(card(page), 'Tasks can be claimed again.');
    await eventually(
      () => card(page).innerText(),
      (text) => !text.includes('Paused:'),
    );
    await expect(client.claim(queue)).resolves.toHaveProperty('fence');
  });

  it('deletes a queue that holds nothing, and shows another one', async () => {
    const [queue, other] = [newQueue(), newQueue()];
    await client.enqueue(other, { payload: 1 });
    await client.configureQueue(queue, { maxAttempts: 7 });
    const page = await open(`#/tasks/${other}`);
    await reads(card(page), other);
    await expect(button(page, 'Delete the queue…').isVisible()).resolves.toBe(false);

    await page.locator('.side-list a', { hasText: queue }).click();
    await button(page, 'Delete the queue…').click();
    await reads(page.getByRole('dialog'), `Delete the queue ${queue}?`);
    await button(page, 'Leave it').click();
    await button(page, 'Delete the queue…').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the queue' }).click();
    await eventually(
      () => page.locator('.side-list').innerText(),
      (text) => !text.includes(queue),
    );
    await eventually(
      () => page.url(),
      (url) => /#\/tasks\/.+/.test(url) && !url.endsWith(`/${queue}`),
    );
    await reads(page.locator('.headline'), /./);
    await expect(page.getByRole('dialog').isVisible()).resolves.toBe(false);
  });

  it('shows the settings of a queue and changes them, and leaves what is hidden as it is', async () => {
    dashboard.tolerate('400');
    const queue = newQueue();
    const runner = { url: 'http://127.0.0.1:9/run', headers: { 'X-Tenant': 'seven' }, secret: 's'.repeat(20) };
    await client.configureQueue(queue, { maxAttempts: 7, runner });
    const page = await open(`#/tasks/${queue}`);
    await button(page, 'Settings…').click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByLabel('Attempts').inputValue()).resolves.toBe('7');
    await expect(dialog.getByLabel('Headers').inputValue()).resolves.toBe('X-Tenant: ***');
    await dialog.getByLabel('Order').selectOption('adaptive');
    await dialog.getByLabel('Attempts').fill('9');
    await dialog.getByLabel('Calls per second').fill('2.5');
    await dialog.getByLabel('First wait').fill('0');
    await dialog.getByLabel('Headers').fill('X-Tenant: ***\nHost: example.org');
    await button(page, 'Change the settings').click();
    await reads(dialog.locator('.field').filter({ hasText: 'First wait' }), 'must be >= 1');
    await dialog.getByLabel('First wait').fill('3');
    await button(page, 'Change the settings').click();
    await reads(
      dialog.locator('.field').filter({ hasText: 'Headers' }),
      '“Host” is a header that the call carries itself',
    );
    await dialog.getByLabel('Headers').fill('X-Tenant: ***\n\nX-Kind: mail: urgent');
    await button(page, 'Change the settings').click();
    await reads(card(page), 'The settings are changed.');
    await reads(page.locator('.meta'), 'Adaptive');
    await expect(client.queue(queue)).resolves.toMatchObject({
      order: 'adaptive',
      maxAttempts: 9,
      retry: { firstSeconds: 3, maxSeconds: 3_600 },
      runner: { url: runner.url, ratePerSecond: 2.5, headers: { 'X-Tenant': '***', 'X-Kind': '***' }, secret: '***' },
    });

    await button(page, 'Settings…').click();
    await dialog.getByLabel('Address').fill('');
    await button(page, 'Change the settings').click();
    await reads(page.locator('.meta'), 'run by workers outside');
    expect(await client.queue(queue)).not.toHaveProperty('runner');
  });

  it('sets up a queue that nobody has set up before', async () => {
    const queue = newQueue();
    await client.enqueue(queue, { payload: 1 });
    const page = await open(`#/tasks/${queue}`);
    await button(page, 'Settings…').click();
    await page.getByRole('dialog').getByLabel('Attempts').fill('3');
    await page.keyboard.press('Enter');
    await reads(card(page), 'The settings are changed.');
    await expect(client.queue(queue)).resolves.toMatchObject({ maxAttempts: 3, leaseSeconds: 30 });
  });

  it('overwrites no settings that somebody else has changed meanwhile', async () => {
    dashboard.tolerate('412');
    const queue = newQueue();
    await client.configureQueue(queue, { maxAttempts: 7 });
    const page = await open(`#/tasks/${queue}`);
    await button(page, 'Settings…').click();
    await client.configureQueue(queue, { maxAttempts: 8, leaseSeconds: 44 });
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Attempts').fill('9');
    await button(page, 'Change the settings').click();
    await reads(dialog.getByRole('alert'), 'Somebody else has changed the settings');
    await expect(client.queue(queue)).resolves.toMatchObject({ maxAttempts: 8, leaseSeconds: 44 });

    await page.keyboard.press('Escape');
    await eventually(
      async () => {
        await button(page, 'Settings…').click();
        const lease = await dialog.getByLabel('Lease').inputValue();
        if (lease !== '44') await page.keyboard.press('Escape');
        return lease;
      },
      (lease) => lease === '44',
    );
    await expect(dialog.getByLabel('Attempts').inputValue()).resolves.toBe('9');
    await button(page, 'Change the settings').click();
    await reads(card(page), 'The settings are changed.');
    await expect(client.queue(queue)).resolves.toMatchObject({ maxAttempts: 9, leaseSeconds: 44 });
  });

  it('redrives a part of the dead letters, and shed tasks', async () => {
    const queue = newQueue();
    await deadLetters(queue, 3);
    const page = await open(`#/tasks/${queue}`);
    await button(page, 'Redrive the dead letters').click();
    await page.getByRole('dialog').getByLabel('At most').fill('2');
    await page.getByRole('dialog').getByRole('button', { name: 'Redrive' }).click();
    await reads(card(page), '2 tasks are pending again.');
    await expect(page.evaluate('document.activeElement.className')).resolves.toContain('headline');
    await reads(figure(page, 'Dead letters'), /^1$/);

    await client.enqueue(queue, { payload: 1, expiresInSeconds: 1 });
    await reads(figure(page, 'Shed'), /^1$/);
    await show(page, 'Shed');
    await button(page, 'Redrive the shed tasks').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Redrive' }).click();
    await reads(card(page), '1 task is pending again.');
    await reads(card(page), 'There is none.');
  });

  it('cancels a task, and enqueues a copy of it', async () => {
    const queue = newQueue();
    const id = await client.enqueue(queue, { payload: { to: 'ann' } });
    const page = await open(`#/tasks/${queue}/${id}`);
    await button(page, 'Cancel this task').click();
    await button(page, 'Leave it').click();
    await reads(page.locator('.status'), 'PENDING');
    await button(page, 'Cancel this task').click();
    await button(page, 'Cancel the task').click();
    await reads(page.locator('.status'), 'CANCELLED');
    await reads(card(page), 'The task is cancelled.');
    await expect(page.evaluate('document.activeElement.className')).resolves.toContain('headline');
    await expect(client.task(id)).resolves.toMatchObject({ status: 'CANCELLED' });

    await button(page, 'Enqueue a copy').click();
    await button(page, 'Enqueue the task').click();
    await reads(page.locator('.status'), 'PENDING');
    await reads(page.getByRole('region', { name: 'Payload' }), '"to": "ann"');
    expect(page.url()).not.toContain(id);
  });

  it('says why a task that is finished by now was not cancelled', async () => {
    dashboard.tolerate('409');
    const queue = newQueue();
    const id = await client.enqueue(queue, { payload: 1 });
    const page = await open(`#/tasks/${queue}/${id}`);
    await button(page, 'Cancel this task').click();
    const { fence } = await client.claim(queue);
    await client.end(id, 'complete', { fence });
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the task' }).click();
    await reads(card(page).getByRole('alert'), 'is finished, so that there is nothing to cancel');
  });

  it('empties a queue once its name is typed', async () => {
    const queue = newQueue();
    await deadLetters(queue, 2);
    for (let number = 0; number < 3; number++) await client.enqueue(queue, { payload: number });
    const page = await open(`#/tasks/${queue}`, { viewport: PHONE });
    const dialog = page.getByRole('dialog');
    await tasks(page).first().waitFor();
    await button(page, 'Cancel all').click();
    await dialog.getByLabel('Name of the queue').fill('another');
    await button(page, 'Cancel the tasks').click();
    await reads(dialog, `is not the name of this queue, which is ${queue}`);
    await expect(client.queue(queue)).resolves.toMatchObject({ pending: 3 });
    await dialog.getByLabel('Name of the queue').fill(queue);
    await page.keyboard.press('Enter');
    await reads(card(page), '3 tasks are cancelled.');
    await reads(figure(page, 'Pending'), /^0$/);

    await show(page, 'Dead letters');
    await button(page, 'Remove all').click();
    // What was typed the other time does not count.
    await expect(dialog.getByLabel('Name of the queue').inputValue()).resolves.toBe('');
    await dialog.getByLabel('Name of the queue').fill(queue);
    await page.keyboard.press('Enter');
    await reads(card(page), '2 tasks are gone.');
    await expect(page.evaluate('document.activeElement.value')).resolves.toBe('FAILURE');
    await expect(client.queue(queue)).resolves.toMatchObject({ deadLetters: 0 });
  });

  it('shows queues first whose service is away', async () => {
    const queue = newQueue();
    await client.configureQueue(queue, { runner: { url: 'http://127.0.0.1:9/run' } });
    await client.enqueue(queue, { payload: 1 });
    const page = await open(`#/tasks/${queue}`);
    await reads(card(page), '127.0.0.1:9 does not answer.');
    await reads(page.locator('.side-list ul').first(), new RegExp(`${queue}[\\s\\S]*service away`));
    await client.configureQueue(queue, {});
  });

  it.each(screens)('reads well and hides nothing from anybody: %j', async (screen) => {
    const queue = newQueue();
    await client.configureQueue(queue, { order: 'adaptive' });
    await deadLetters(queue, 2);
    await client.enqueue(queue, { payload: 1 });
    const page = await open(`#/tasks/${queue}`, screen);
    await button(page, 'Pause').click();
    await reads(card(page), 'Paused: nobody can claim a task');
    await expectGood(page, 'paused');
    await button(page, 'Settings…').click();
    await expectGood(page, 'settings');
    await page.getByRole('dialog').getByLabel('Secret').scrollIntoViewIfNeeded();
    await expectGood(page, 'settings-end');
    await page.keyboard.press('Escape');
    await button(page, 'Redrive the dead letters').click();
    await expectGood(page, 'redrive');
    await page.keyboard.press('Escape');
    await show(page, 'Dead letters');
    await button(page, 'Remove all').click();
    await page.getByRole('dialog').getByLabel('Name of the queue').fill('another');
    await page.keyboard.press('Enter');
    await reads(page.getByRole('dialog'), 'is not the name');
    await expectGood(page, 'purge');
    await page.keyboard.press('Escape');
    await button(page, 'Remove all').scrollIntoViewIfNeeded();
    await expectGood(page, 'hands');
  });
});
