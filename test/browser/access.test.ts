import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { ServerProcess } from '../helpers/server-process.ts';
import { type TokenIssuer, tokenIssuer } from '../helpers/token-issuer.ts';
import { type AnotherClient, anotherClient, KEY } from './another-client.ts';
import { expectGood, PHONE, reads, screens, useDashboard, violations } from './dashboard.ts';

describe('the page of access, in Chromium', () => {
  const dashboard = useDashboard();
  let issuer: TokenIssuer;
  let server: ServerProcess;
  let client: AnotherClient;
  beforeAll(async () => {
    issuer = await tokenIssuer();
    server = await ServerProcess.start({
      API_KEYS: `browser=${KEY},reporting=another-test-key-0123`,
      TOKEN_ISSUERS: `${issuer.url}=${issuer.audience}`,
    });
    client = anotherClient(server.url);
    await client.putPolicy('group:crew', {
      allow: ['GET /queues/**', 'GET /policies/**'],
      deny: ['* /queues/secret/**'],
    });
  });
  afterAll(async () => {
    expect(await server?.stop()).toMatchObject({ code: 0 });
    await issuer?.close();
  });

  const open = (address: string, opening = {}): Promise<Page> => dashboard.open(server.url, address, opening);
  const headline = (page: Page): Locator => page.locator('.headline');
  const verdict = (page: Page): Locator => page.locator('.verdict');

  it('begins with who the viewer is, whose name stands at the top', async () => {
    dashboard.tolerate('404');
    const page = await open('#/access', { key: KEY });
    await reads(headline(page), /^key:browser$/);
    await reads(page.locator('.card'), 'There is no policy for this key, so it may do everything.');
    await expect(page.getByRole('button', { name: 'Key holder: browser' }).innerText()).resolves.toBe('browser');
    await expect(page.title()).resolves.toBe('key:browser – Portside');
  });

  it('asks for a key, and names one that is wrong', async () => {
    dashboard.tolerate('401');
    dashboard.tolerate('404');
    const page = await open('#/access');
    await page.getByRole('button', { name: 'Enter the API key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Key', { exact: true }).fill('not-the-key-0123456789');
    await page.keyboard.press('Enter');
    await reads(dialog.getByRole('alert'), 'The key that was sent is not known here.');
    await expect(dialog.getByLabel('Key', { exact: true }).getAttribute('aria-invalid')).resolves.toBe('true');
    await expect(page.evaluate('document.activeElement.id')).resolves.toBe('api-key');
    await expect(violations(page)).resolves.toEqual([]);
    await expect(page.evaluate('sessionStorage.length')).resolves.toBe(0);

    await dialog.getByLabel('Key', { exact: true }).fill(KEY);
    await page.keyboard.press('Enter');
    await reads(headline(page), 'key:browser');
    await page.getByRole('button', { name: 'Key holder: browser' }).click();
    await reads(dialog.locator('.note'), 'This is the key of browser.');
    await dialog.getByRole('button', { name: 'Forget the key' }).click();
    await expect(page.getByRole('button', { name: 'API key', exact: true }).innerText()).resolves.toBe('API key');
  });

  it('takes a bearer token, which sees what its policies allow', async () => {
    dashboard.tolerate('401');
    dashboard.tolerate('403');
    dashboard.tolerate('404');
    const page = await open('#/access/group%3Acrew');
    await page.getByRole('button', { name: 'Enter the API key' }).click();
    const dialog = page.getByRole('dialog');
    const expired = await issuer.token({ claims: { exp: Math.floor(Date.now() / 1_000) - 1 } });
    await dialog.getByLabel('Key', { exact: true }).fill(expired);
    await page.keyboard.press('Enter');
    await reads(dialog.getByRole('alert'), 'The bearer token has expired.');

    await dialog.getByLabel('Key', { exact: true }).fill(await issuer.token());
    await page.keyboard.press('Enter');
    await reads(page.locator('.statements').first(), 'GET /queues/**');
    await expect(page.getByRole('button', { name: 'Key holder: ann' }).count()).resolves.toBe(1);
    await page.getByRole('button', { name: 'Delete the policy' }).click();
    await dialog.getByRole('button', { name: 'Delete the policy' }).click();
    await reads(page.getByRole('alert'), 'The policies of this service do not allow the caller this request.');
  });

  it('sets, changes and deletes a policy', async () => {
    dashboard.tolerate('400');
    dashboard.tolerate('404');
    const page = await open('#/access', { key: KEY });
    await page.getByRole('button', { name: 'New policy' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Subject').fill('sub:auth0|ann/é');
    await dialog.getByLabel('Allowed').fill('GET /queues/**\n\n  get queues');
    await dialog.getByRole('button', { name: 'Set the policy' }).click();
    await reads(dialog.locator('.field-error'), '“get queues” must be a method or *');
    await dialog.getByLabel('Allowed').fill('GET /queues/**');
    await dialog.getByRole('button', { name: 'Set the policy' }).click();
    await reads(headline(page), /^sub:auth0\|ann\/é$/);
    await reads(page.locator('.statements'), 'GET /queues/**');
    await reads(page.locator('.side-list'), 'sub:auth0|ann/é');

    await page.getByRole('button', { name: 'Change the policy' }).click();
    await expect(dialog.getByLabel('Allowed').inputValue()).resolves.toBe('GET /queues/**');
    await dialog.getByLabel('Denied').fill('* /queues/secret/**');
    await dialog.getByRole('button', { name: 'Set the policy' }).click();
    await reads(page.locator('.card'), /In force everywhere from \d\d:\d\d:\d\d on\./);
    expect(await client.policy('sub:auth0|ann/é')).toMatchObject({
      allow: ['GET /queues/**'],
      deny: ['* /queues/secret/**'],
    });

    await page.getByRole('button', { name: 'Delete the policy' }).click();
    await dialog.getByRole('button', { name: 'Delete the policy' }).click();
    await reads(page.locator('.card'), 'Deleted.');
    await reads(page.locator('.card'), 'There is no policy for this subject');
  });

  it('does not overwrite what somebody else has changed meanwhile', async () => {
    dashboard.tolerate('412');
    await client.putPolicy('group:deck', { allow: ['GET /queues'] });
    const page = await open('#/access/group%3Adeck', { key: KEY });
    await page.getByRole('button', { name: 'Change the policy' }).click();
    await client.putPolicy('group:deck', { allow: ['GET /queues/**'] });
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Allowed').fill('* /**');
    await dialog.getByRole('button', { name: 'Set the policy' }).click();
    await reads(dialog.getByRole('alert'), /./);
    expect(await client.policy('group:deck')).toMatchObject({ allow: ['GET /queues/**'] });
  });

  it('says why it does not lock everybody out', async () => {
    dashboard.tolerate('409');
    dashboard.tolerate('404');
    await client.putPolicy('key:reporting', { allow: ['GET /queues/**'] });
    const page = await open('#/access/key%3Abrowser', { key: KEY });
    await page.getByRole('button', { name: 'Set a policy' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Allowed').fill('GET /**');
    await dialog.getByRole('button', { name: 'Set the policy' }).click();
    await reads(dialog.getByRole('alert'), 'No key of API_KEYS could');
  });

  it.each([
    ['GET', '/queues/mails', /^Allowed: GET \/queues\/mails is allowed to group:crew by GET \/queues\/\*\*\.$/],
    ['GET', '/queues/secret/stats', /./],
    ['POST', '/policies/decisions', /^Refused: POST \/policies\/decisions: no statement for this caller covers it\.$/],
  ])('tells what decides about %s %s', async (method, path, words) => {
    dashboard.tolerate('400');
    const page = await open('#/access/group%3Acrew', { key: KEY });
    await page.getByLabel('Method').selectOption(method);
    await page.getByLabel('Path').fill(path);
    await page.keyboard.press('Enter');
    if (path.includes('secret')) await reads(page.getByRole('alert'), 'path must be the path of a route');
    else await reads(verdict(page), words);
  });

  it('tells which statement denies', async () => {
    const page = await open('#/access/group%3Acrew', { key: KEY });
    await page.getByRole('textbox', { name: 'Caller' }).fill('sub:ann\ngroup:crew');
    await page.getByLabel('Method').selectOption('POST');
    await page.getByLabel('Path').fill('/queues/secret/tasks');
    await page.getByRole('button', { name: 'Ask' }).click();
    await reads(verdict(page), 'is denied to group:crew by * /queues/secret/**.');
  });

  it('can be used by keyboard alone', async () => {
    const page = await open('#/access/group%3Acrew', { key: KEY });
    await reads(page.locator('.statements').first(), 'GET /queues/**');
    await page.getByRole('button', { name: 'New policy' }).focus();
    const path: string[] = [];
    for (let presses = 0; presses < 40 && path.at(-1) !== 'Ask'; presses++) {
      await page.keyboard.press('Tab');
      path.push(await page.evaluate<string>('document.activeElement.id || document.activeElement.textContent.trim()'));
    }
    expect(path.slice(-6)).toEqual([
      'Change the policy…',
      'Delete the policy…',
      'field-subjects',
      'field-method',
      'field-path',
      'Ask',
    ]);
  });

  const views = [...screens, { viewport: { ...PHONE, width: 320 }, colorScheme: 'light' as const }];
  it.each(views)('looks well and has no obstacles: %j', async (screen) => {
    await client.putPolicy('sub:auth0|0123456789abcdef0123456789abcdef0123456789', {
      allow: [`GET /queues/${'long'.repeat(20)}/**`],
    });
    const page = await open('#/access/group%3Acrew', { ...screen, key: KEY });
    await reads(page.locator('.statements').first(), 'GET /queues/**');
    await page.getByLabel('Path').fill('/queues/mails');
    await page.keyboard.press('Enter');
    await reads(verdict(page), 'Allowed');
    await expectGood(page, 'access');
    await page.goto(
      `${server.url}/#/access/${encodeURIComponent('sub:auth0|0123456789abcdef0123456789abcdef0123456789')}`,
    );
    await reads(page.locator('.statements').first(), 'long');
    await expectGood(page, 'access-long');
    await page.getByRole('button', { name: 'Change the policy' }).click();
    await expectGood(page, 'access-form');
  });
});
