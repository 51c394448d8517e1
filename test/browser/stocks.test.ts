import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { type FakeRateProvider, startFakeRateProvider } from '../../demo/rate-provider.ts';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { type AnotherClient, anotherClient, KEY } from './another-client.ts';
import {
  connection,
  expectGood,
  figure,
  overflow,
  picture,
  reads,
  screens,
  useDashboard,
  violations,
  visibleTexts,
} from './dashboard.ts';

describe('the page of stocks, in Chromium', () => {
  const dashboard = useDashboard();
  /** One with the dated table that is shipped, one with a live source. */
  let server: ServerProcess;
  let live: ServerProcess;
  let provider: FakeRateProvider;
  let client: AnotherClient;
  beforeAll(async () => {
    provider = await startFakeRateProvider();
    const sources = { RATE_SOURCES: `frankfurter=${provider.url}`, RATES_TTL_SECONDS: '2' };
    [server, live] = await Promise.all([
      ServerProcess.start({ API_KEYS: `browser=${KEY}` }),
      ServerProcess.start({ API_KEYS: `browser=${KEY}`, ...sources }),
    ]);
    client = anotherClient(server.url);
    const { putStock } = anotherClient(live.url);
    await putStock('HARBOUR', { value: '1250000', currency: 'JPY' });
    await putStock('TUG', { value: '12.3456', currency: 'USD' });
  });
  afterAll(async () => {
    expect(await server?.stop()).toMatchObject({ code: 0 });
    expect(await live?.stop()).toMatchObject({ code: 0 });
    await provider?.stop();
  });

  const open = (address: string, opening = {}): Promise<Page> => dashboard.open(server.url, address, opening);
  const row = (page: Page, currency: string): Locator =>
    page.locator('.values tbody tr').filter({ has: page.getByRole('rowheader', { name: currency }) });
  const value = (page: Page, currency: string): Locator => row(page, currency).locator('.value');
  const own = (page: Page): Locator => page.locator('.own-value');
  const verdict = (page: Page): Locator => page.locator('.note');

  it('begins with a stock, and says once that its values rest on a dated table', async () => {
    const page = await open('#/stocks');
    await reads(page.locator('.headline'), /^\w+$/);
    await page.goto(`${server.url}/#/stocks/AMZN`);
    await reads(own(page), /^97\.00 EUR\s+Euro$/);
    for (const currency of ['USD', 'CAD', 'AUD']) await reads(row(page, currency), /\d+\.\d\d$/);
    await reads(verdict(page), /^Converted at the reference rates of 18 March 2026, which are not live\.$/);
    expect((await page.locator('main').innerText()).match(/reference|stale|out of date/gi)).toHaveLength(1);
    await expect(page.locator('.is-stale, .figures:visible').count()).resolves.toBe(0);
    await expect(page.title()).resolves.toBe('AMZN – Portside');
  });

  describe('figures', () => {
    const names = 'USD,JPY,KWD,IDR,CHF,MXN,GBX,XCG,SAR';
    /** Figures of which a line breaks, that are cut off, or that stand outside of their card. */
    const broken = (page: Page): Promise<string[]> =>
      page.evaluate<string[]>(`[...document.querySelectorAll('.value, .side-list .link-facts')].flatMap((element) => {
        if (!element.checkVisibility()) return [];
        const range = document.createRange();
        range.selectNodeContents(element);
        const boxes = [...range.getClientRects()];
        const card = element.closest('.card, .side-list').getBoundingClientRect();
        const isOneLine = Math.max(...boxes.map(({ top }) => top)) < Math.min(...boxes.map(({ bottom }) => bottom));
        const isWhole = isOneLine &&
          boxes.every(({ left, right }) => left >= card.left && right <= card.right) &&
          element.scrollWidth <= element.clientWidth;
        return isWhole ? [] : [element.textContent];
      })`);

    it.each([320, 360, 390, 600, 900, 1280])('stay whole in a window of %i px', async (width) => {
      await client.putStock('HUGE', { value: '999999999999999999.99999999' });
      await client.putStock('WHOLE', { value: '745000.00', currency: 'JPY' });
      const page = await open('#/stocks/AMZN', { viewport: { width, height: 780 } });
      for (const stock of ['AMZN', 'WHOLE', 'HUGE']) {
        await page.goto(`${server.url}/#/stocks/${stock}/${names}`);
        await reads(page.locator('.headline'), stock);
        await reads(value(page, 'SAR'), /\d/);
        if ((await page.locator('.side-list[open]').count()) === 0) await page.locator('summary').click();
        await reads(page.locator('.side-list'), '999,999,999,999,999,999.99999999 EUR');
        expect(await broken(page)).toEqual([]);
        await picture(page, `figures-${stock}-${width}`);
        expect(await overflow(page)).toBe(0);
      }
    });

    it('have the digits of the service, also where a number could not hold them, in groups', async () => {
      await client.putStock('HUGE', { value: '999999999999999999.99999999' });
      const page = await open('#/stocks/HUGE/USD,JPY,KWD');
      await reads(own(page), /^999,999,999,999,999,999\.99999999 EUR/);
      const values = await client.values('HUGE', 'USD,JPY,KWD');
      expect(values.JPY).toMatch(/^\d{20,}$/);
      for (const currency of ['USD', 'JPY', 'KWD'])
        expect((await value(page, currency).innerText()).replaceAll(',', '')).toBe(values[currency]);
      expect(await value(page, 'JPY').innerText()).toMatch(/^\d{1,3}(,\d{3})+$/);
    });

    it.each([
      ['de-DE', '1.234.567,50'],
      ['en-IN', '12,34,567.50'],
      ['fr-FR', '1\u202f234\u202f567,50'],
      ['ar-EG', '1,234,567.50'],
    ])('are grouped as the viewer is used to: %s', async (locale, text) => {
      await client.putStock('GROUPS', { value: '1234567.50' });
      const page = await open('#/stocks/GROUPS', { locale });
      await reads(own(page), /EUR/);
      expect((await own(page).locator('.value').textContent())?.replaceAll(/\u200e|\u200f/g, '')).toBe(text);
    });

    it('of pence are shown as pence', async () => {
      await client.putStock('VOD.L', { value: '77.34', currency: 'GBp' });
      const page = await open('#/stocks/VOD.L/GBP,ILA');
      await reads(own(page), /^77\.34 GBX\s+Pence, 100 to 1 GBP$/);
      await reads(value(page, 'GBP'), /^0\.77$/);
      await reads(row(page, 'ILA'), 'Agorot');
    });

    it('never show something as nothing', async () => {
      await client.putStock('TINY', { value: '0.000365', currency: 'GBP' });
      await client.putStock('ZERO', { value: '0.00' });
      const page = await open('#/stocks/TINY/USD,JPY,KWD');
      await reads(own(page), /^0\.000365 GBP/);
      await reads(value(page, 'USD'), /^under 0\.01$/);
      await reads(value(page, 'JPY'), /^under 1$/);
      await reads(value(page, 'KWD'), /^under 0\.001$/);
      await page.goto(`${server.url}/#/stocks/ZERO/USD`);
      await reads(value(page, 'USD'), /^0\.00$/);
    });
  });

  it('names in words what has no rate, beside the values that there are', async () => {
    const page = await open('#/stocks/AMZN/HTG,USD,KPW');
    await reads(value(page, 'USD'), /^111\.55$/);
    await reads(
      page.locator('.missing'),
      /^There is no rate from EUR to HTG \(Haitian Gourde\), KPW \(North Korean Won\)\.$/,
    );
    await expect(page.getByRole('alert').count()).resolves.toBe(0);
  });

  it('takes the currencies from the address, and puts what is asked for there', async () => {
    const page = await open('#/stocks/AMZN/jpy');
    const currencies = page.getByLabel('Currencies');
    await reads(value(page, 'JPY'), /^[\d,]+$/);
    await expect(page.locator('.values tbody tr').count()).resolves.toBe(1);
    await expect(currencies.inputValue()).resolves.toBe('jpy');

    await currencies.fill(' usd gbp;eur ');
    await page.keyboard.press('Enter');
    await reads(value(page, 'GBP'), /^\d+\.\d\d$/);
    expect(page.url()).toBe(`${server.url}/#/stocks/AMZN/usd,gbp,eur`);
    await expect(page.locator('.values tbody tr').count()).resolves.toBe(2);
    // Whoever asked for them reads on from the stock's name.
    await expect(page.evaluate('document.activeElement.textContent')).resolves.toBe('AMZN');

    await currencies.fill('EUR');
    await page.getByRole('button', { name: 'Show' }).click();
    await reads(verdict(page), 'no rates are needed');
    await expect(page.locator('.figures, .values').filter({ visible: true }).count()).resolves.toBe(0);

    await currencies.fill('');
    await page.getByRole('button', { name: 'Show' }).click();
    await reads(value(page, 'CAD'), /^\d+\.\d\d$/);
  });

  it('says why there are no values, and lets the viewer ask for others', async () => {
    dashboard.tolerate('400');
    dashboard.tolerate('404');
    dashboard.tolerate('502');
    const page = await open('#/stocks/AMZN/XAU');
    await reads(page.getByRole('alert'), 'current ISO 4217 currency');
    const currencies = page.getByLabel('Currencies');
    await currencies.fill('US$');
    await page.keyboard.press('Enter');
    await reads(page.getByRole('alert'), 'currencies of ISO 4217 with commas');
    await expect(currencies.inputValue()).resolves.toBe('US$');
    await currencies.fill('KPW');
    await page.keyboard.press('Enter');
    await reads(page.getByRole('alert'), 'no usable rate for KPW');
    await currencies.fill('USD');
    await page.keyboard.press('Enter');
    await reads(value(page, 'USD'), /^\d+\.\d\d$/);

    await page.goto(`${server.url}/#/stocks/AMZN/%E0%A4%A`);
    await reads(page.getByRole('alert'), 'currencies of ISO 4217 with commas');
    await page.goto(`${server.url}/#/stocks/NOWHERE`);
    await reads(page.getByRole('alert'), 'There is no such stock.');
    expect(await visibleTexts(page, '.connection, .problem')).toEqual([]);
  });

  it('turns from fresh to stale when the source fails, and back when it works again', async () => {
    const page = await dashboard.open(live.url, '#/stocks/AMZN/USD');
    await reads(value(page, 'USD'), /^105\.29$/);
    await expect(verdict(page).isVisible()).resolves.toBe(false);
    await reads(figure(page, 'Source of the rates'), /^frankfurter$/);
    await reads(figure(page, 'Age'), /^\d+ ms$|^[\d.]+ s$/);

    provider.state.fault = { kind: 'status', status: 500 };
    await reads(verdict(page), /^The rates are out of date: /, 15_000);
    await reads(value(page, 'USD'), /^105\.29$/);

    provider.state.fault = { kind: 'none' };
    provider.state.rates.USD = '1.1';
    await reads(value(page, 'USD'), /^106\.70$/, 25_000);
    await expect(verdict(page).isVisible()).resolves.toBe(false);
  });

  it('keeps the last values when the connection is lost, says so, and recovers by itself', async () => {
    dashboard.tolerate('net::ERR_');
    const page = await open('#/stocks/AMZN/USD');
    await reads(connection(page), 'Polling every 5 s');
    await page.route('**/stock/AMZN**', (route) => route.abort());
    await reads(connection(page), 'Connection lost', 10_000);
    await reads(page.locator('.connection-detail:visible'), 'last figures that arrived');
    await reads(own(page), '97.00 EUR');
    await page.unroute('**/stock/AMZN**');
    await reads(connection(page), 'Polling every 5 s', 10_000);
    await expect(page.locator('.connection-detail').isVisible()).resolves.toBe(false);
  });

  it('asks for nothing while nobody sees the page', async () => {
    let asked = 0;
    const prepare = async (page: Page) => {
      await page.clock.install();
      page.on('request', (request) => {
        if (request.url().includes('/stock/')) asked++;
      });
    };
    const page = await open('#/stocks/AMZN/USD', { prepare });
    await reads(own(page), '97.00 EUR');
    const setHidden = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));`);
    // What the page asks before this answer comes has been asked by then.
    const roundTrip = () => page.evaluate("fetch('healthz').then((response) => response.text())");
    await setHidden(true);
    await roundTrip();
    const before = asked;
    for (let times = 0; times < 3; times++) {
      await page.clock.fastForward(60_000);
      await roundTrip();
    }
    expect(asked).toBe(before);
    await setHidden(false);
    await eventually(
      () => asked,
      (count) => count > before,
    );
  });

  it('lets a key holder make a stock and change its value', async () => {
    dashboard.tolerate('404');
    const page = await open('#/stocks/AMZN');
    await reads(own(page), '97.00 EUR');
    await expect(page.getByRole('button', { name: 'Change the value' }).isVisible()).resolves.toBe(false);
    await expect(page.getByRole('button', { name: 'New stock' }).isVisible()).resolves.toBe(false);
    await page.getByRole('button', { name: 'API key' }).click();
    await page.getByLabel('Key', { exact: true }).fill(KEY);
    await page.keyboard.press('Enter');

    await page.getByRole('button', { name: 'New stock' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Id').fill('QUAY');
    await dialog.getByLabel('Value').fill('123456789012345678.12345678');
    await dialog.getByLabel('Currency').fill('usd');
    await dialog.getByRole('button', { name: 'Create the stock' }).click();
    await reads(page.locator('.headline'), 'QUAY');
    await reads(own(page), /^123,456,789,012,345,678\.12345678 USD/);
    await reads(page.locator('.side-list'), '123,456,789,012,345,678.12345678 USD');

    await page.evaluate('window.isTheSamePage = true');
    await page.getByRole('button', { name: 'Change the value' }).click();
    await expect(dialog.getByLabel('Currency').inputValue()).resolves.toBe('USD');
    await dialog.getByLabel('Value').fill('0.30');
    await page.keyboard.press('Enter');
    await reads(page.locator('.controls').getByRole('status'), 'The value is 0.30 USD now.');
    await reads(own(page), /^0\.30 USD/, 2_000);
    await reads(page.locator('.side-list'), '0.30 USD', 2_000);
    await expect(page.evaluate('window.isTheSamePage')).resolves.toBe(true);

    await page.getByRole('button', { name: 'Change the value' }).click();
    await dialog.getByLabel('Value').fill('5');
    await dialog.getByLabel('Currency').fill('JPY');
    await page.keyboard.press('Enter');
    await reads(own(page), /^5 JPY/, 2_000);
    expect((await client.stocks()).stocks).toContainEqual(
      expect.objectContaining({ stock: 'QUAY', value: '5', currency: 'JPY' }),
    );
  });

  it('puts what is wrong with a value into words, at the fields, and overwrites no stock by accident', async () => {
    dashboard.tolerate('400');
    dashboard.tolerate('404');
    const page = await open('#/stocks/AMZN', { key: KEY });
    await page.getByRole('button', { name: 'Change the value' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Value').fill('1e3');
    await page.keyboard.press('Enter');
    await reads(dialog.getByRole('alert'), 'See what is said at the fields');
    await expect(dialog.getByLabel('Value').getAttribute('aria-invalid')).resolves.toBe('true');
    await reads(dialog.locator('.field-error'), 'must be a decimal number in text');
    await expect(violations(page)).resolves.toEqual([]);
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: 'New stock' }).click();
    await dialog.getByLabel('Id').fill('AMZN');
    await dialog.getByLabel('Value').fill('1');
    await page.keyboard.press('Enter');
    await reads(dialog.getByRole('alert'), 'There is a stock "AMZN" already');
    expect(await client.values('AMZN', 'EUR')).toEqual({ EUR: '97.00' });
    await dialog.getByLabel('Id').fill('no id');
    await page.keyboard.press('Enter');
    await reads(dialog.locator('.field-error, [role=alert]').first(), 'letters, digits, dots, _ and -');
  });

  it('shows the same value in the list and in the card, whichever was told of it first', async () => {
    await client.putStock('TWICE', { value: '1.00' });
    const page = await open('#/stocks/TWICE');
    const entry = page.locator('.side-list a[aria-current]');
    await reads(own(page), '1.00 EUR');
    await reads(entry, /TWICE\s+1\.00 EUR/);
    // The list is asked seldom, and here it is told nothing new.
    await page.route('**/stock?**', (route) => route.abort());
    dashboard.tolerate('net::ERR_FAILED');
    await client.putStock('TWICE', { value: '2.00' });
    await reads(own(page), '2.00 EUR', 10_000);
    await reads(entry, /TWICE\s+2\.00 EUR/, 500);
    // What was known of it stays while another one is shown.
    await page.locator('.side-list a').filter({ hasText: 'AMZN' }).click();
    await reads(page.locator('.headline'), 'AMZN');
    await expect(page.locator('.side-list a').filter({ hasText: 'TWICE' }).innerText()).resolves.toContain('2.00 EUR');
  });

  it('can be used by keyboard alone', async () => {
    const page = await open('#/stocks/AMZN', { key: KEY });
    await reads(own(page), '97.00 EUR');
    const focused = `(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      const { id, textContent } = document.activeElement;
      return { text: id || textContent, isSeen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 };
    })()`;
    await page.getByRole('button', { name: 'New stock' }).focus();
    const path: string[] = [];
    for (let presses = 0; presses < 60 && path.at(-1) !== 'Change the value…'; presses++) {
      await page.keyboard.press('Tab');
      const { text, isSeen } = await page.evaluate<{ text: string; isSeen: boolean }>(focused);
      expect({ text, isSeen }).toEqual({ text, isSeen: true });
      path.push(text);
    }
    expect(path.slice(-3)).toEqual(['field-currencies', 'Show', 'Change the value…']);
    await page.keyboard.press('Enter');
    await expect(page.evaluate('document.activeElement.id')).resolves.toBe('field-value');
    await page.keyboard.press('Escape');
    await expect(page.evaluate<{ text: string }>(focused)).resolves.toMatchObject({ text: 'Change the value…' });
  });

  it('says so when a key is not accepted', async () => {
    dashboard.tolerate('401');
    const page = await open('#/stocks/AMZN', { key: 'not-the-key-0123456789' });
    await page.getByRole('button', { name: 'Change the value' }).click();
    await page.getByLabel('Value', { exact: true }).fill('1');
    await page.keyboard.press('Enter');
    await reads(page.getByRole('dialog').getByRole('alert'), 'The key that was sent is not known here');
  });

  const views = [...screens, { viewport: { width: 390, height: 844 }, colorScheme: 'light' as const }];

  it.each(views)('reads well and hides nothing from anybody: %j', async ({ viewport, colorScheme }) => {
    const page = await dashboard.open(live.url, '#/stocks/AMZN/USD,JPY,GBP,KWD', { viewport, colorScheme, key: KEY });
    await reads(value(page, 'USD'), /\d/);
    await expectGood(page, 'stock');
    await page.getByRole('button', { name: 'Change the value' }).click();
    await expectGood(page, 'change-stock');
  });

  it.each(views)('says what values rest on, and what is missing, on every screen: %j', async (screen) => {
    const page = await open('#/stocks/AMZN/USD,JPY,GBP,MXN,HTG', screen);
    await reads(verdict(page), /^Converted at the reference rates/);
    await expectGood(page, 'reference-stock');
  });
});
