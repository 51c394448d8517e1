import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { ServerProcess } from '../helpers/server-process.ts';
import { type AnotherClient, anotherClient, KEY } from './another-client.ts';
import { expectGood, figure, reads, screens, useDashboard } from './dashboard.ts';

describe('the page of limits, in Chromium', () => {
  const dashboard = useDashboard();
  let server: ServerProcess;
  let client: AnotherClient;
  beforeAll(async () => {
    server = await ServerProcess.start({ API_KEYS: `browser=${KEY}` });
    client = anotherClient(server.url);
    await client.putLimit('partner-api', { rate: { requests: 5, perSeconds: 1, burst: 20 } });
    await client.putLimit('trial', { quota: { requests: 2, per: 'month' }, mode: 'shadow' });
  });
  afterAll(async () => {
    expect(await server?.stop()).toMatchObject({ code: 0 });
  });

  const open = (address: string, opening = {}): Promise<Page> =>
    dashboard.open(server.url, address, { key: KEY, ...opening });

  it('tells viewers without a key that it takes one', async () => {
    const page = await dashboard.open(server.url, '#/limits');
    await reads(page.locator('.empty'), /Limits are shown to key holders/);
  });

  it('shows what was allowed and refused, and in shadow mode what would have been', async () => {
    const page = await open('#/limits/trial');
    for (let at = 0; at < 5; at++) await client.take('trial', 'ann');
    await reads(figure(page, 'Over the limit'), '3');
    await reads(figure(page, 'Within the limit'), '2');
    await page.goto(`${server.url}/#/limits/partner-api`);
    await reads(page.locator('.headline'), 'partner-api');
    await reads(page.locator('.side-list'), /trial[\s\S]*shadow/);
  });

  it('makes a limit, changes it and deletes it, by keyboard', async () => {
    dashboard.tolerate('400');
    // It may be asked for once more before the page has left it.
    dashboard.tolerate('404');
    const page = await open('#/limits');
    await page.getByRole('button', { name: 'New limit' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type('mine');
    const dialog = page.locator('dialog');
    await dialog.getByLabel('Requests').fill('10');
    await dialog.getByLabel('Per seconds').fill('1');
    await page.keyboard.press('Enter');
    // The burst is missing.
    await reads(page.locator('.field-error'), /required/);
    await dialog.getByLabel('Burst').fill('30');
    await page.keyboard.press('Enter');
    await reads(page.locator('.headline'), 'mine');
    await reads(page.locator('.card'), /10 in a second · 30 at once/);

    await page.getByRole('button', { name: 'Change…' }).click();
    await dialog.getByLabel('Mode').selectOption('shadow');
    await page.getByRole('button', { name: 'Change the limit' }).click();
    await reads(page.locator('.card'), /Shadow mode/);

    await page.getByRole('button', { name: 'Delete the limit…' }).click();
    await dialog.getByRole('button', { name: 'Delete the limit' }).click();
    await reads(page.locator('.headline'), 'partner-api');
    await expect(page.locator('.side-list').innerText()).resolves.not.toContain('mine');
  });

  it('shows which of a hundred requests a rate lets pass', async () => {
    const page = await open('#/limits/partner-api');
    const said = page.locator('.simulator [role=status]');
    // 20 at once, and 5 a second for ten seconds.
    await reads(said, /^69 of 100 pass; the first refused is number \d+\.$/);
    await expect(page.locator('.pass.is-refused').count()).resolves.toBe(31);
    await page.locator('.simulator').getByLabel('Burst').fill('100');
    await reads(said, '100 of 100 pass.');
    await page.locator('.simulator').getByLabel('Burst').fill('');
    await reads(said, /whole numbers/);
  });

  it.each(screens)('looks well on $viewport.width px, $colorScheme', async ({ viewport, colorScheme }) => {
    const page = await open('#/limits/partner-api', { viewport, colorScheme });
    await reads(page.locator('.simulator [role=status]'), /pass/);
    await expectGood(page, 'limits');
  });
});
