import { describe, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { figure, reads, useDashboard } from './dashboard.ts';
import { row, useVotesPage, voteAgainFor, voteFor, watchIdentities } from './votes-page.ts';

describe('votes cast on the page of votes, in Chromium', () => {
  const dashboard = useDashboard();
  const votes = useVotesPage(dashboard);

  describe('votes once for each action', () => {
    const once = () => votes.client.createPoll({ question: 'Once?', choices: ['YES', 'NO'], voterLimit: 'one' });
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
      const poll = await votes.colours();
      const page = await votes.open(`#/votes/${poll}`);
      const identities = watchIdentities(page);
      await press(voteFor(page, 'RED'), page);
      await reads(row(page, 'RED'), 'Your vote');
      expect(await votes.settledTotal(page, poll)).toBe(1);
      expect(identities).toHaveLength(1);
    });

    it('does not go on voting while a key stays down', async () => {
      const poll = await votes.colours();
      const page = await votes.open(`#/votes/${poll}`);
      await voteFor(page, 'RED').click();
      await voteAgainFor(page, 'RED').focus();
      await votes.settledTotal(page, poll);
      await page.keyboard.down('Enter');
      await reads(row(page, 'RED'), '2 votes');
      for (let repeats = 0; repeats < 3; repeats++) {
        await votes.settledTotal(page, poll);
        await page.keyboard.down('Enter');
      }
      expect(await votes.settledTotal(page, poll)).toBe(2);
    });

    it('says nothing against a double click in a poll with one vote each', async () => {
      const poll = await once();
      const page = await votes.open(`#/votes/${poll}`);
      await page.getByLabel('Who votes').fill('Ada');
      await voteFor(page, 'YES').dblclick();
      await reads(row(page, 'YES'), 'Vote of');
      expect(await votes.settledTotal(page, poll)).toBe(1);
      await expect(page.getByRole('alert').count()).resolves.toBe(0);
    });

    it.each([
      ['after a reload', true, async () => {}],
      ['with a browser that keeps nothing', false, denyStorage],
    ] as const)('knows a vote again %s', async (_, isReloaded, prepare) => {
      const poll = await votes.colours();
      const page = await votes.open(`#/votes/${poll}`, { prepare });
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
      expect(await votes.settledTotal(page, poll)).toBe(1);
      expect(new Set(identities).size).toBe(1);
    });

    it('takes another choice for another vote, where a person may have many, and asks for one more of the same', async () => {
      const poll = await votes.colours();
      const page = await votes.open(`#/votes/${poll}`);
      const identities = watchIdentities(page);
      await voteFor(page, 'RED').click();
      await voteFor(page, 'BLUE').click();
      await reads(figure(page, 'Votes'), /^2$/);
      await voteAgainFor(page, 'RED').click();
      await reads(row(page, 'RED'), '2 votes');
      await page.reload();
      for (const choice of ['RED', 'BLUE']) await reads(row(page, choice), 'Your vote');
      await voteFor(page, 'RED').click();
      expect(await votes.settledTotal(page, poll)).toBe(3);
      expect(new Set(identities).size).toBe(3);
    });

    it.each(['YES', 'NO'])(
      'does not know after a reload whether a vote arrived, and lets nobody vote twice: %s',
      async (next) => {
        dashboard.tolerate('net::ERR_FAILED');
        const poll = await votes.client.createPoll({ question: 'Lost?', choices: ['YES', 'NO'] });
        const page = await votes.open(`#/votes/${poll}`);
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
        expect(await votes.settledTotal(page, poll)).toBe(1);
        expect(new Set(identities).size).toBe(1);
      },
    );

    it('keeps a vote that the service refused for nothing', async () => {
      dashboard.tolerate('409');
      const poll = await votes.colours();
      const page = await votes.open(`#/votes/${poll}`);
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
      const poll = await votes.colours();
      const page = await votes.open(`#/votes/${poll}`);
      const second = await page.context().newPage();
      await second.goto(page.url());
      await row(second, 'RED').waitFor();
      await Promise.all([page, second].map((window) => voteFor(window, 'RED').click()));
      for (const window of [page, second]) await reads(row(window, 'RED'), 'Your vote');
      expect(await votes.settledTotal(page, poll)).toBe(1);

      const third = await page.context().newPage();
      await third.goto(page.url());
      await reads(row(third, 'RED'), 'Your vote');
      await voteFor(second, 'BLUE').click();
      for (const window of [page, third]) await reads(row(window, 'BLUE'), 'Your vote');
    });

    it('is one vote in two windows of which neither has seen the vote of the other yet', async () => {
      const poll = await votes.colours();
      const page = await votes.open(`#/votes/${poll}`);
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
        expect(await votes.settledTotal(window, poll)).toBe(1);
      }
      expect(others).toEqual(identities);
    });

    it('starts anew for another poll under the same id', async () => {
      const first = await ServerProcess.start();
      const page = await votes.open('#/votes/colors', { url: first.url });
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
});
