import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { dynamoDbApp } from '../helpers/dynamodb-app.ts';
import { authorization } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { seededRandom } from '../helpers/fakes.ts';
import { injecting } from '../helpers/http.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { FaultyProxy, refusal } from '../helpers/servers/faulty-proxy.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { SseClient } from '../helpers/sse-client.ts';

await withServer('the service behind faults', startDynamoDbLocal, async (server) => {
  const proxy = await FaultyProxy.start(server.endpoint);
  const service = await dynamoDbApp(proxy.endpoint);
  const send = injecting(service.app);
  afterAll(async () => {
    proxy.reset();
    await service.close();
    await proxy.stop();
  });
  beforeEach(() => proxy.reset());

  const post = (url: string, body?: object, headers = {}) =>
    send({ method: 'POST', url, body, headers: { ...authorization, ...headers } });
  const newPoll = async (pollId: string): Promise<void> => {
    const poll = { pollId, question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'] };
    expect((await post('/polls', poll)).status).toBe(201);
  };
  const throttled = refusal('TransactionCanceledException', { CancellationReasons: [{ Code: 'ThrottlingError' }, {}] });

  describe('the service on a store that throttles', () => {
    it('answers 503 with Retry-After, and each vote counts once when it is sent until it is answered', async () => {
      await newPoll('throttled');
      const random = seededRandom(5);
      const statuses: number[] = [];
      // Nothing but refusals until the repeats of some votes are used up; from then on some refusals and lost answers.
      proxy.fate = ({ operation }) => {
        if (operation !== 'TransactWriteItems') return 'pass';
        if (!statuses.includes(503) || random.next() < 0.2) return throttled;
        return random.next() < 0.2 ? 'lose answer' : 'pass';
      };
      const voter = async (number: number): Promise<void> => {
        for (;;) {
          const body = { choice: ['RED', 'GREEN', 'BLUE'][number % 3] };
          const answer = await post('/polls/throttled/votes', body, { 'idempotency-key': `v${number}` });
          statuses.push(answer.status);
          if (answer.status === 201) return;
          expect(JSON.parse(answer.body)).toMatchObject({ code: 'STORE_UNAVAILABLE', status: 503 });
          expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
          expect(answer.body).not.toMatch(/Throttl|Transaction|amazon/i);
        }
      };
      await Promise.all(Array.from({ length: 60 }, (_, number) => voter(number)));
      proxy.reset();

      expect(new Set(statuses)).toEqual(new Set([201, 503]));
      expect(JSON.parse((await post('/polls/throttled/close')).body).audit).toEqual({
        ballots: 60,
        shards: 60,
        tally: 60,
        drift: 0,
        doubleVoters: 0,
        at: expect.any(String),
      });
    }, 60_000);

    it('is not ready while the store is not reachable, and ready again afterwards', async () => {
      proxy.fate = () => 'lose request';
      expect(await send({ url: '/readyz' })).toMatchObject({ status: 503 });
      proxy.reset();
      expect(await send({ url: '/readyz' })).toMatchObject({ status: 200 });
    });

    it.each(['tallies', 'tasks', 'queues', 'stocks', 'policies', 'limits', 'flags'])(
      'is not ready while it has no table of %s',
      async (table) => {
        proxy.fate = ({ body }) =>
          String(body.TableName).endsWith(`-${table}`) ? refusal('ResourceNotFoundException') : 'pass';
        const answer = await send({ url: '/readyz' });
        expect(answer.status).toBe(503);
        expect(JSON.parse(answer.body)).toEqual({
          status: 'unavailable',
          checks: { clock: 'ok', store: 'unreachable' },
        });
      },
    );
  });

  describe('viewers', () => {
    /** What is read from the store in some two seconds, while viewers watch, for each 250 ms. */
    const readsWith = async (viewers: number): Promise<number> => {
      const { port } = service.app.server.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}/polls/watched/results/events`;
      const clients = await Promise.all(Array.from({ length: viewers }, () => SseClient.connect(url)));
      await eventually(
        () => clients.every(({ events }) => events.length > 0),
        (all) => all,
      );
      proxy.requests.length = 0;
      const start = performance.now();
      const watched = await eventually(
        () => performance.now() - start,
        (elapsed) => elapsed > 2_000,
      );
      const reads = proxy.requests.filter(({ operation }) => operation === 'GetItem').length;
      for (const client of clients) client.close();
      return reads / (watched / 250);
    };

    it('cost the same few reads a second, one or 100 of them', async () => {
      await newPoll('watched');
      await service.app.listen({ host: '127.0.0.1', port: 0 });

      const [reads, readsOfMany] = [await readsWith(1), await readsWith(100)];

      // The poll and its tally, and one more round where the two seconds begin or end in its middle.
      expect(reads).toBeGreaterThan(0.2);
      expect(reads).toBeLessThanOrEqual(2.5);
      expect(readsOfMany).toBeLessThanOrEqual(2.5);
    });
  });
});
