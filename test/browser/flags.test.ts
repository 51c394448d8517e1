import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { type AnotherClient, anotherClient, KEY } from './another-client.ts';
import { connection, expectGood, overflow, PHONE, picture, reads, screens, useDashboard } from './dashboard.ts';

const READER = 'reader-test-key-0123';
const STRANGER = 'stranger-test-key-01';

const boolean = { type: 'boolean', variants: { on: true, off: false }, defaultVariant: 'off', state: 'ENABLED' };
const payments = { ...boolean, defaultVariant: 'on', description: 'Payments by card' };
const checkout = {
  ...boolean,
  description: 'The checkout in one step',
  rules: [
    {
      if: [
        { attribute: 'email', op: 'endsWith', values: ['@example.org'] },
        { attribute: 'payments', op: 'flag', values: ['on'] },
      ],
      serve: 'on',
    },
    {
      if: [
        { attribute: 'country', op: 'in', values: ['NO', 'SE'] },
        { attribute: 'now', op: 'after', values: ['2026-01-01T00:00:00Z'] },
      ],
      serve: {
        rollout: [
          ['on', 25],
          ['off', 75],
        ],
      },
    },
  ],
};

describe('the page of feature flags, in Chromium', () => {
  const dashboard = useDashboard();
  let server: ServerProcess;
  let client: AnotherClient;
  beforeAll(async () => {
    server = await ServerProcess.start({
      STORAGE: 'memory',
      API_KEYS: `browser=${KEY},reader=${READER},stranger=${STRANGER}`,
    });
    client = anotherClient(server.url);
    await client.putPolicy('key:reader', { allow: ['GET /flag-sets/**', 'GET /flag-sets', 'GET /access'] });
    await client.putPolicy('key:stranger', { allow: ['GET /access'] });
  });
  afterAll(async () => {
    expect(await server?.stop()).toMatchObject({ code: 0 });
  });

  const open = (address: string, opening = {}): Promise<Page> =>
    dashboard.open(server.url, address, { key: KEY, ...opening });
  /** A set of its own, with the two flags. */
  const newSet = async (setId: string): Promise<void> => {
    await client.createFlagSet(setId, 'The website');
    await client.putFlag(setId, 'payments', payments);
    await client.putFlag(setId, 'new-checkout', checkout);
  };
  const stateOf = async (setId: string, key: string): Promise<string | undefined> =>
    (await client.flagSet(setId)).flags.find((flag) => flag.key === key)?.state;

  it('tells viewers without a key that it takes one, and those without the right that they have none', async () => {
    dashboard.tolerate('403');
    const page = await dashboard.open(server.url, '#/flags');
    await reads(page.locator('.empty'), /Feature flags are shown to key holders/);
    await page.evaluate(`sessionStorage.setItem('portside-api-key', '${STRANGER}')`);
    await page.reload();
    await reads(page.locator('.problem'), /policies .* do not allow/);
  });

  it('makes a set and a flag by keyboard, and says at the rule what is wrong with it', async () => {
    dashboard.tolerate('400');
    const page = await open('#/flags');
    await reads(page.locator('.empty'), /no flag set yet/);
    await page.getByRole('button', { name: 'New flag set' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type('mine');
    await page.keyboard.press('Enter');
    await reads(page.locator('.headline'), 'mine');
    await reads(page.locator('.card'), /no flag in this set yet/);

    await page.getByRole('link', { name: 'New flag' }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Key', { exact: true }).fill('beta');
    await page.getByRole('button', { name: 'Add a rule' }).focus();
    await page.keyboard.press('Enter');
    // The focus is on the new rule.
    await page.keyboard.press('Tab');
    await page.keyboard.type('version');
    await page.getByLabel('Comparison').selectOption('semver');
    await page.getByLabel('Values').fill('>=1.2.0\nnewest');
    await page.getByLabel('They get').selectOption('on');
    await page.getByLabel('Why', { exact: true }).fill('For the brave');
    await page.evaluate("scrollBy(0, document.querySelector('.rule').getBoundingClientRect().top - innerHeight + 120)");
    await page.keyboard.press('Enter');
    await reads(page.locator('.rule .field-error'), /“newest” must be a comparison with a version/);
    await expect(page.evaluate('document.activeElement.value')).resolves.toBe('>=1.2.0\nnewest');
    await expect(page.getByLabel('Why', { exact: true }).inputValue()).resolves.toBe('For the brave');
    // Neither the field nor what is wrong with it lies behind the buttons at the bottom.
    const top = "document.querySelector('.sticky').getBoundingClientRect().top";
    const end = "document.querySelector('.rule .field-error').getBoundingClientRect().bottom";
    await eventually(
      () => page.evaluate<number>(`${top} - ${end}`),
      (room) => room > 0,
      5_000,
    );
    await page.getByLabel('Values').fill('>=1.2.0');
    await page.getByRole('button', { name: 'Make the flag' }).click();
    await reads(page.locator('.headline'), 'beta');
    await reads(page.locator('.rule-words'), /Where version is a version that is “>=1.2.0”\s*on\s*Otherwise\s*off/);
    await reads(page.locator('.changes'), /browser[\s\S]*The flag is made\.[\s\S]*For the brave/);
  });

  it('turns a flag off with one press, whatever else was changed meanwhile', async () => {
    dashboard.tolerate('412');
    await newSet('switches');
    const page = await open('#/flags/switches');
    const toggle = page.getByRole('switch', { name: 'new-checkout' });
    await expect(toggle.getAttribute('aria-checked')).resolves.toBe('true');
    // The page does not know yet: its revision is an old one.
    await client.putFlag('switches', 'payments', { ...payments, description: 'By card or invoice' });
    await toggle.click();
    await reads(page.locator('.outcome [role=status]'), /new-checkout is off/);
    await expect(stateOf('switches', 'new-checkout')).resolves.toBe('DISABLED');
    await expect(page.evaluate('document.activeElement.getAttribute("aria-label")')).resolves.toBe('new-checkout');

    // What the page asks again and again is answered as if nothing had changed.
    await page.route('**/flag-sets/switches', (route) =>
      route.request().headers()['if-none-match'] ? route.fulfill({ status: 304 }) : route.continue(),
    );
    await client.putFlag('switches', 'new-checkout', { ...checkout, state: 'DISABLED', description: 'Keep it off' });
    await toggle.click();
    await reads(page.locator('.outcome'), /Somebody else has changed this flag meanwhile, so nothing was changed/);
    await expect(stateOf('switches', 'new-checkout')).resolves.toBe('DISABLED');
  });

  it('keeps what is typed, shows what somebody else has changed, and goes on', async () => {
    dashboard.tolerate('412');
    await newSet('together');
    const page = await open('#/flags/together/new-checkout');
    await page.getByRole('button', { name: 'Change…' }).click();
    await page.getByLabel('Description').fill('Mine');
    await page.getByRole('button', { name: 'Move rule 2 up' }).click();
    await reads(page.locator('.flag-editor > [role=status]').first(), 'Rule 2 is rule 1 now.');
    await client.putFlag('together', 'new-checkout', { ...checkout, description: 'Theirs' });
    await reads(page.locator('.meta'), /revision 3/);
    await expect(page.getByLabel('Description').inputValue()).resolves.toBe('Mine');
    // Whoever looks at something else meanwhile finds it again.
    await page.goto(`${server.url}/#/flags/together`);
    await reads(page.locator('.flags'), /not saved yet/);
    await page.goto(`${server.url}/#/flags/together/new-checkout`);
    await reads(page.locator('.note'), /What you typed is still here/);

    await page.getByRole('button', { name: 'Save' }).click();
    const conflict = page.locator('.problem');
    await reads(conflict, /Before:\s*Description: The checkout in one step\s*\+\s*Now:\s*Description: Theirs/);
    await page.getByRole('button', { name: 'Go on with mine' }).click();
    await page.keyboard.press('Enter');
    await reads(page.locator('.outcome [role=status]'), 'Saved, in revision 4.');
    await reads(page.locator('.changes'), /Before:\s*Description: Theirs\s*\+\s*Now:\s*Description: Mine/);
    const { flags } = await client.flagSet('together');
    expect(flags.find(({ key }) => key === 'new-checkout')?.rules).toEqual([...checkout.rules].reverse());
  });

  it('says what a user gets and why, as the service does, and whom a larger share adds', async () => {
    await newSet('why');
    const page = await open('#/flags/why/new-checkout');
    const verdict = page.locator('.verdict');
    await page.getByLabel('Attributes').fill('country = NO');
    for (const user of ['ann', 'bob', 'cem', 'dag', 'eva']) {
      await page.getByLabel('User', { exact: true }).fill(user);
      const variant = await client.evaluateFlag('why', 'new-checkout', { targetingKey: user, country: 'NO' });
      await reads(verdict, new RegExp(`^${variant} .*by rule 2`));
    }
    await reads(page.locator('.steps'), /Rule 1 does not match[\s\S]*email is not given[\s\S]*Rule 2 matches/);
    await reads(page.locator('.trial'), /“eva” has place \d+ of 100 in this flag/);
    await page.getByLabel('User', { exact: true }).fill('');
    await reads(verdict, /TARGETING_KEY_MISSING/);

    await page.getByRole('button', { name: 'Change…' }).click();
    await page.getByRole('slider', { name: 'Share of on' }).fill('60');
    await reads(page.locator('.preview'), /Of 1,000 sample users, \d+ get on: \d+ in addition, and nobody loses it/);
    await page.getByRole('slider', { name: 'Share of on' }).fill('10');
    await reads(page.locator('.preview'), /: 0 in addition, and \d+ lose it/);
    await page.getByLabel('User', { exact: true }).fill('ann');
    await reads(verdict, /as typed, not saved/);
  });

  it('goes back to an earlier revision once it has said what that changes, and deletes the set', async () => {
    dashboard.tolerate('404');
    await newSet('back');
    await client.putFlag('back', 'new-checkout', { ...checkout, rules: [], state: 'DISABLED' });
    const page = await open('#/flags/back');
    await page.getByRole('button', { name: 'Go back to revision 2…' }).click();
    const dialog = page.locator('dialog');
    await reads(dialog, /changes one flag[\s\S]*new-checkout[\s\S]*State: Off[\s\S]*State: On[\s\S]*Where country/);
    await dialog.getByRole('button', { name: 'Go back' }).click();
    await reads(page.locator('.controls'), /The flags are those of revision 2 again, in revision 4\./);
    await expect(stateOf('back', 'new-checkout')).resolves.toBe('ENABLED');

    await page.getByRole('button', { name: 'Delete the set…' }).click();
    await reads(dialog, /2 flags and its history are gone for good/);
    await dialog.getByRole('button', { name: 'Delete the set' }).click();
    await eventually(
      () => page.locator('.side-list').innerText(),
      (list) => !list.includes('back'),
    );
  });

  it('offers readers nothing that they may not do, and keeps the last flags while the service is away', async () => {
    dashboard.tolerate('ERR_INTERNET_DISCONNECTED');
    await newSet('read');
    const page = await open('#/flags/read', { key: READER });
    await reads(page.locator('.card'), /You may look at these flags, and not change them/);
    await reads(page.locator('.flag').first(), /On/);
    await expect(page.getByRole('switch').count()).resolves.toBe(0);
    await expect(page.getByRole('button', { name: /Delete|Go back|New/ }).count()).resolves.toBe(0);
    await page.context().setOffline(true);
    await reads(connection(page), 'Connection lost');
    await reads(page.locator('.flags'), /new-checkout/);
    await page.context().setOffline(false);
    await reads(connection(page), 'Polling');
  });

  it.each(screens)('looks well on $viewport.width px, $colorScheme', async ({ viewport, colorScheme }) => {
    const setId = `web-${viewport.width}-${colorScheme}`;
    await newSet(setId);
    await client.putFlag(setId, 'theme', {
      type: 'string',
      variants: { light: 'light', dark: 'dark', 'high-contrast': 'high contrast' },
      defaultVariant: 'light',
      state: 'DISABLED',
    });
    const page = await open(`#/flags/${setId}`, { viewport, colorScheme });
    await reads(page.locator('.changes'), /Revision 1/);
    await expectGood(page, 'flags');
    // One row, in which the pages can be scrolled.
    expect(await page.evaluate("document.querySelector('.masthead').clientHeight")).toBeLessThan(64);
    if ((viewport === PHONE) !== (colorScheme === 'light')) return;
    await page.goto(`${server.url}/#/flags/${setId}/new-checkout`);
    await page.getByLabel('Attributes').fill('country = NO');
    await reads(page.locator('.verdict'), /by rule 2/);
    await expectGood(page, 'flag');
    await page.getByRole('button', { name: 'Change…' }).click();
    await page.getByRole('slider').fill('60');
    await expectGood(page, 'flag-editor');
    if (viewport !== PHONE) return;
    await page.getByLabel('Shared out by').scrollIntoViewIfNeeded();
    await picture(page, `flag-editor-shares-360-${colorScheme}`);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await overflow(page)).toBe(0);
  });
});
