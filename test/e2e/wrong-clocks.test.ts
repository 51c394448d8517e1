import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { authorization, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf, dynamoDbEnv } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { wallClockAhead } from '../helpers/wall-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What this test reads out of answers. */
interface Body {
  readonly pollId: string;
  readonly createdAt: string;
  readonly closesAt: string;
  readonly acceptedAt: string;
  readonly status: string;
  readonly total: number;
  readonly tasks: readonly unknown[];
}

/** At SIGCONT the monotonic clock loses time against all others, as it does while a machine sleeps. */
const sleepAtSignal = (ms: number): string => `
  const awake = performance.now.bind(performance);
  let asleepMs = 0;
  performance.now = () => awake() - asleepMs;
  process.on('SIGCONT', () => {
    asleepMs += ${ms};
    console.log(JSON.stringify({ msg: 'slept' }));
  });`;

await withServer('processes with wrong clocks', startDynamoDbLocal, async ({ endpoint }) => {
  const settings: Record<string, string> = {
    ...dynamoDbSettings(endpoint),
    API_KEYS: `test=${KEY}`,
    SWEEP_SECONDS: '1',
  };
  const client = await clientOf(endpoint);
  afterAll(() => client.destroy());

  beforeAll(async () => {
    Object.assign(process.env, dynamoDbEnv(endpoint));
    await makeTables(settings);
  });

  const start = (preload: string, env: Record<string, string> = {}) =>
    ServerProcess.start({ ...settings, ...env }, { preload });
  async function send({ url }: ServerProcess, method: string, path: string, body?: object) {
    const answer = await fetch(url + path, {
      method,
      headers: { ...authorization, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Body };
  }
  let polls = 0;
  async function createPoll(server: ServerProcess, closesInMs?: number) {
    const closesAt = closesInMs === undefined ? undefined : new Date(Date.now() + closesInMs).toISOString();
    const poll = { pollId: `p${++polls}`, question: 'Which?', choices: ['A', 'B'], closesAt };
    const { status, body } = await send(server, 'POST', '/polls', poll);
    expect(status).toBe(201);
    return body;
  }
  const vote = (server: ServerProcess, pollId: string) =>
    send(server, 'POST', `/polls/${pollId}/votes`, { choice: 'A' });
  const total = async (server: ServerProcess, pollId: string) =>
    (await send(server, 'GET', `/polls/${pollId}/results`)).body.total;
  const closedAt = async (pollId: string): Promise<number | undefined> => {
    const Key = { pk: `POLL#${pollId}`, sk: 'POLL' };
    const { Item } = await client.send(new GetCommand({ TableName: `${settings.TABLE_PREFIX}tallies`, Key }));
    return Item?.poll.closedAt;
  };
  const isNow = (time: string): boolean => Math.abs(Date.parse(time) - Date.now()) < 2_000;

  describe('a process whose clock is an hour ahead', () => {
    it('says so, and leaves no lease behind that outlives it', async () => {
      const ahead = await start(wallClockAhead(HOUR));
      const warnings = ahead.logs.filter(({ level, msg }) => level === 40 && msg.includes('clock'));
      expect(warnings).toMatchObject([{ machine: expect.any(String), store: expect.any(String) }]);
      expect(Math.round(Number(warnings[0]?.differenceMs) / MINUTE)).toBe(60);
      expect(await send(ahead, 'GET', '/readyz')).toEqual({
        status: 200,
        body: { status: 'degraded', checks: { clock: 'skewed', store: 'ok' } },
      });

      const { pollId, createdAt } = await createPoll(ahead);
      expect(isNow(createdAt)).toBe(true);
      for (let votes = 0; votes < 5; votes++) expect(isNow((await vote(ahead, pollId)).body.acceptedAt)).toBe(true);
      await eventually(
        () => total(ahead, pollId),
        (count) => count === 5,
        10_000,
      );
      ahead.kill('SIGKILL');
      await ahead.exit;

      const right = await start('');
      for (let votes = 0; votes < 5; votes++) expect((await vote(right, pollId)).status).toBe(201);
      await eventually(
        () => total(right, pollId),
        (count) => count === 10,
        12_000,
      );
      expect(right.logs.filter(({ msg }) => msg.includes('clock'))).toEqual([]);
      expect((await send(right, 'GET', '/readyz')).body.status).toBe('ok');
      await right.stop();
    }, 60_000);
  });

  describe('processes whose clocks are ten minutes ahead and behind', () => {
    let ahead: ServerProcess;
    let behind: ServerProcess;
    beforeAll(async () => {
      ahead = await start(wallClockAhead(10 * MINUTE));
      behind = await start(wallClockAhead(-10 * MINUTE), { ROLE: 'api' });
    }, 60_000);
    afterAll(async () => void (await Promise.all([ahead.stop(), behind.stop()])));

    it('close a poll when it is due, and no other', async () => {
      const later = await createPoll(behind, 5 * MINUTE);
      const due = await createPoll(behind, 1_500);
      const closing = await eventually(
        () => closedAt(due.pollId),
        (time) => time !== undefined,
      );

      expect(Number(closing)).toBeGreaterThanOrEqual(Date.parse(due.closesAt));
      expect(Number(closing)).toBeLessThan(Date.now() + 1_000);
      expect(await closedAt(later.pollId)).toBeUndefined();
      for (const server of [ahead, behind]) {
        expect((await vote(server, later.pollId)).status).toBe(201);
        expect((await send(server, 'GET', `/polls/${later.pollId}`)).body.status).toBe('open');
      }
    });

    it('take votes until the poll closes, and none after that', async () => {
      const { pollId, closesAt } = await createPoll(ahead, 2_000);
      for (const server of [ahead, behind]) {
        const answers: { status: number; askedAt: number; answeredAt: number }[] = [];
        await eventually(
          async () => {
            const askedAt = Date.now();
            const { status, body } = await vote(server, pollId);
            answers.push({ status, askedAt, answeredAt: Date.now() });
            if (status === 201) expect(Date.parse(body.acceptedAt)).toBeLessThan(Date.parse(closesAt));
            return status;
          },
          (status) => status === 409,
          10_000,
        );
        // By as much as a dozen answers leave open.
        const lastTaken = answers.findLast(({ status }) => status === 201)?.askedAt ?? 0;
        expect(lastTaken).toBeLessThan(Date.parse(closesAt) + 500);
        expect(answers.at(-1)?.answeredAt).toBeGreaterThan(Date.parse(closesAt) - 500);
      }
    });

    it('take no task from somebody who holds it', async () => {
      expect((await send(behind, 'POST', '/queues/mail/tasks', { payload: 1 })).status).toBe(201);
      const claim = (server: ServerProcess) => send(server, 'POST', '/queues/mail/claims', { leaseSeconds: 60 });
      expect((await claim(behind)).body.tasks).toHaveLength(1);
      expect((await claim(ahead)).body.tasks).toEqual([]);
    });
  });

  describe('a process that was asleep', () => {
    it('asks the store for the time before it takes anything in', async () => {
      const sleeper = await start(sleepAtSignal(10 * MINUTE), { ROLE: 'api' });
      const { pollId } = await createPoll(sleeper);
      sleeper.kill('SIGCONT');
      await eventually(
        () => sleeper.logs.some(({ msg }) => msg === 'slept'),
        (slept) => slept,
      );

      expect(isNow((await createPoll(sleeper)).createdAt)).toBe(true);
      expect(isNow((await vote(sleeper, pollId)).body.acceptedAt)).toBe(true);
      expect((await send(sleeper, 'GET', '/readyz')).body.status).toBe('ok');
      await sleeper.stop();
    });
  });
});
