import { afterAll, describe, expect, it } from '@jest/globals';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { authorization, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { itemsIn, OLD_CHOICES, type OldPoll, putOldPoll } from '../helpers/first-release.ts';
import { sendingTo } from '../helpers/http.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf } from '../helpers/servers/dynamodb-tables.ts';
import { FaultyProxy } from '../helpers/servers/faulty-proxy.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { signing, twilioSettings } from '../helpers/signing.ts';

const [ERROR, FATAL] = [50, 60];
const NUMBER = '+15550001111';
const HOUR_MS = 3_600_000;
const VOTES = [40, 17, 3];

const textsAt = (server: ServerProcess, level: number): readonly string[] =>
  server.logs.filter((line) => line.level === level).map(({ msg }) => msg);

await withServer('a store of the first release', startDynamoDbLocal, async ({ endpoint }) => {
  const client = await clientOf(endpoint);
  afterAll(() => client.destroy());

  const createdAt = Date.now() - 2 * HOUR_MS;
  const closedAt = Date.now() - HOUR_MS;
  const polls: Readonly<Record<string, Omit<OldPoll, 'pollId' | 'createdAt'>>> = {
    closed: { closedAt, smsNumber: NUMBER },
    hidden: { closedAt, hideUntilClose: true },
    // Its time is over, and no sweep has come by.
    ended: { closesAt: closedAt },
    open: { closesAt: Date.now() + HOUR_MS },
    withoutVotes: {},
    scheduled: { opensAt: Date.now() + HOUR_MS },
  };

  /** Tables that hold these of the polls as the first release left them. */
  async function storeWith(...pollIds: readonly string[]) {
    const settings: Record<string, string> = {
      ...dynamoDbSettings(endpoint),
      ...twilioSettings,
      API_KEYS: `test=${KEY}`,
      SWEEP_SECONDS: '1',
    };
    await makeTables(settings);
    const tables = { votes: `${settings.TABLE_PREFIX}votes`, tallies: `${settings.TABLE_PREFIX}tallies` };
    for (const [age, pollId] of pollIds.entries())
      await putOldPoll(
        client,
        tables,
        { pollId, createdAt: createdAt + age, ...polls[pollId] },
        pollId === 'scheduled' || pollId === 'withoutVotes' ? [] : VOTES,
      );
    return { settings, items: () => itemsIn(client, tables) };
  }

  const requestsTo = (server: ServerProcess) => {
    const send = signing(sendingTo(server.url));
    return {
      get: async (url: string) => JSON.parse((await send({ url })).body),
      post: async (url: string, body: unknown = {}) => {
        const answer = await send({ method: 'POST', url, headers: authorization, body });
        return { status: answer.status, body: answer.body };
      },
    };
  };
  const refusedAsClosed = { status: 409, body: expect.stringContaining('VOTES_POLL_CLOSED') };

  describe('a start on a store of the first release', () => {
    it.each(['all', 'api', 'worker'])(
      'with ROLE=%s ends with 78 and names what is not closed',
      async (ROLE) => {
        const { settings, items } = await storeWith(...Object.keys(polls));
        const before = await items();

        const server = await ServerProcess.spawn({ ...settings, ROLE });
        expect((await server.exit).code).toBe(78);
        expect(textsAt(server, FATAL)).toEqual([
          expect.stringMatching(/0\.1.* open, withoutVotes, scheduled\. Close them with 0\.1/),
        ]);
        expect(await items()).toEqual(before);
      },
      60_000,
    );

    it('shows closed polls for good, and changes nothing of them', async () => {
      const { settings, items } = await storeWith('closed', 'hidden', 'ended');
      const before = await items();
      const server = await ServerProcess.start(settings);
      const { get, post } = requestsTo(server);

      for (const pollId of ['closed', 'hidden', 'ended']) {
        const poll = await get(`/polls/${pollId}`);
        expect(poll).toMatchObject({
          status: 'closed',
          final: true,
          closedAt: new Date(closedAt).toISOString(),
          channels: ['sms', 'web'],
        });
        expect(poll).not.toHaveProperty('audit');
        const results = await get(`/polls/${pollId}/results`);
        expect(results).toMatchObject({ total: 60, ballots: 60, final: true, stale: false, revision: 23 });
        expect(results).not.toHaveProperty('hidden');
        expect(results.choices).toEqual([
          { choice: 'RED', votes: 40, share: 0.6667 },
          { choice: 'GREEN', votes: 17, share: 0.2833 },
          { choice: 'BLUE', votes: 3, share: 0.05 },
        ]);
        expect(await post(`/polls/${pollId}/votes`, { choice: 'red' })).toEqual(refusedAsClosed);
        expect(await post(`/polls/${pollId}/close`)).toEqual(refusedAsClosed);
        expect(await post(`/polls/${pollId}/recount`)).toEqual(refusedAsClosed);
      }
      expect((await get('/polls')).polls.map(({ pollId }: OldPoll) => pollId)).toEqual(['ended', 'hidden', 'closed']);

      // A sweep takes off its list what is over, and touches nothing else.
      const due = [...before.keys()].filter((key) => key.startsWith('DUE '));
      expect(due).toHaveLength(1);
      const after = await eventually(items, (now) => due.every((key) => !now.has(key)), 20_000);
      for (const [key, item] of before) if (!due.includes(key)) expect(after.get(key)).toEqual(item);
      expect(textsAt(server, ERROR)).toEqual([]);
      await server.stop();
    }, 90_000);

    it('lets the number of a closed poll go to a new one, which gets its texts', async () => {
      const { settings } = await storeWith('closed');
      const server = await ServerProcess.start(settings);
      const { get, post } = requestsTo(server);
      const text = (From: string) =>
        post('/webhooks/twilio/sms', new URLSearchParams({ MessageSid: `SM${From}`, From, To: NUMBER, Body: 'red' }));

      expect(await text('+15557770001')).toMatchObject({ status: 200, body: expect.stringMatching(/closed/) });
      const fresh = { pollId: 'fresh', question: 'Which colour?', choices: OLD_CHOICES, smsNumber: NUMBER };
      expect((await post('/polls', fresh)).status).toBe(201);
      expect(await text('+15557770001')).toMatchObject({ status: 200, body: expect.stringContaining('RED') });
      await eventually(
        () => get('/polls/fresh/results'),
        ({ total }) => total === 1,
        20_000,
      );
      expect(await get('/polls/closed/results')).toMatchObject({ total: 60 });
      await server.stop();
    }, 60_000);

    it('that hears of the store later names open polls in the log, takes no vote in them and says that they are stale', async () => {
      const { settings, items } = await storeWith('open', 'withoutVotes');
      const before = await items();
      const proxy = await FaultyProxy.start(endpoint);
      proxy.fate = () => 'lose request';
      const server = await ServerProcess.start({ ...settings, AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint });
      const { get, post } = requestsTo(server);

      proxy.reset();
      await eventually(
        () => textsAt(server, ERROR),
        (texts) => texts.some((text) => /0\.1.* open, withoutVotes\. Close them with 0\.1/.test(text)),
        20_000,
      );
      expect(await post('/polls/open/votes', { choice: 'red' })).toEqual(refusedAsClosed);
      expect(await get('/polls/open/results')).toMatchObject({ total: 60, final: false, stale: true });
      expect(await get('/polls/withoutVotes/results')).toMatchObject({ total: 0, final: false, stale: true });
      expect(await items()).toEqual(before);
      await Promise.all([server.stop(), proxy.stop()]);
    }, 60_000);
  });
});
