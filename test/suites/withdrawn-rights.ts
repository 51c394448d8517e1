import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { authorization, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { dynamoDbEnv } from '../helpers/servers/dynamodb-tables.ts';

const json = { 'content-type': 'application/json' };
const MAY_CLAIM = { allow: ['GET /queues', 'POST /queues/*/claims'] };
const MAY_NOTHING = { allow: ['* /**'], deny: ['* /**'] };
/** A request that policies let through is refused for its `limit`, so that it costs the store nothing. */
const LET_THROUGH = 400;
const BETWEEN_REQUESTS_MS = 100;
/** A change takes up to 5 s to be in force, so that some 20 are on their way at a time. */
const BETWEEN_CHANGES_MS = 250;

interface Clerk {
  readonly name: string;
  readonly key: string;
}

interface Sent {
  readonly at: number;
  /** Undefined where the request got no answer. */
  readonly status: Promise<number | undefined>;
}

interface Ended {
  readonly status: number | undefined;
  readonly endedAt: number;
}

/** A clerk who asks again and again, and waits for a task. */
interface Asking {
  readonly sent: readonly Sent[];
  readonly waiting: Promise<Ended>;
  stop(): void;
}

interface Change {
  readonly askedAt: number;
  readonly effectiveBy: number;
}

export interface WithdrawalOptions {
  /** How many rights are withdrawn one soon after the other, each of another subject. */
  readonly rights: number;
  /** How often the other process stands still after that, while a few more are withdrawn. */
  readonly pauses: number;
}

export interface Withdrawals {
  /** How long after the change was asked for the last request was let through, ms, for each right. */
  readonly lastLetThroughMs: readonly number[];
  readonly requests: number;
}

const RIGHTS_IN_A_PAUSE = 3;

/**
 * Changes what keys may do at one process, while another one is asked by those keys. No request that is sent after
 * `effectiveBy` is let through, and a claim that waits has ended 5 s later.
 */
export async function withdrawRights(endpoint: string, { rights, pauses }: WithdrawalOptions): Promise<Withdrawals> {
  const clerks = Array.from({ length: rights + pauses * RIGHTS_IN_A_PAUSE }, (_, index) => ({
    name: `clerk-${index}`,
    key: `key-of-clerk-${`${index}`.padStart(10, '0')}`,
  }));
  const keys = [`admin=${KEY}`, ...clerks.map(({ name, key }) => `${name}=${key}`)];
  const settings = { ...dynamoDbSettings(endpoint), API_KEYS: keys.join(','), ROLE: 'api' };
  Object.assign(process.env, dynamoDbEnv(endpoint));
  await makeTables(settings);
  const [one, other] = await Promise.all([ServerProcess.start(settings), ServerProcess.start(settings)]);

  const put = async ({ name }: Clerk, policy: object): Promise<Change> => {
    const askedAt = Date.now();
    const answer = await fetch(`${one.url}/policies/key:${name}`, {
      method: 'PUT',
      headers: { ...authorization, ...json },
      body: JSON.stringify(policy),
    });
    expect(answer.status).toBe(200);
    const effectiveBy = Date.parse(((await answer.json()) as { effectiveBy: string }).effectiveBy);
    expect(effectiveBy - Date.now()).toBeLessThanOrEqual(5_000);
    return { askedAt, effectiveBy };
  };
  const ask = ({ key }: Clerk): Promise<number | undefined> =>
    fetch(`${other.url}/queues?limit=0`, { headers: { 'x-api-key': key } }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => undefined,
    );
  const claim = async ({ key }: Clerk): Promise<Ended> => {
    const status = await fetch(`${other.url}/queues/q/claims`, {
      method: 'POST',
      headers: { 'x-api-key': key, ...json },
      body: JSON.stringify({ waitSeconds: 20 }),
    }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => undefined,
    );
    return { status, endedAt: Date.now() };
  };
  const beginAsking = async (clerk: Clerk): Promise<Asking> => {
    await eventually(
      () => ask(clerk),
      (status) => status === LET_THROUGH,
      15_000,
    );
    const sent: Sent[] = [];
    const send = () => sent.push({ at: Date.now(), status: ask(clerk) });
    const asking = setInterval(send, BETWEEN_REQUESTS_MS);
    const waiting = claim(clerk);
    send();
    expect(await sent[0]?.status).toBe(LET_THROUGH);
    return { sent, waiting, stop: () => clearInterval(asking) };
  };
  const pastDue = (...changes: readonly Change[]): Promise<unknown> =>
    eventually(
      () => Date.now(),
      (now) => now > Math.max(...changes.map(({ effectiveBy }) => effectiveBy)) + 500,
      15_000,
    );

  const lastLetThroughMs: number[] = [];
  let requests = 0;
  const check = async ({ sent, waiting }: Asking, { askedAt, effectiveBy }: Change, stoodStill: boolean) => {
    const { status, endedAt } = await waiting;
    expect(status).toBe(403);
    if (!stoodStill) expect(endedAt - effectiveBy).toBeLessThan(5_000);
    const answers = await Promise.all(sent.map(async ({ at, status }) => ({ at, status: await status })));
    expect(answers.filter((answer) => answer.at > effectiveBy && answer.status === LET_THROUGH)).toEqual([]);
    expect(answers.some((answer) => answer.status === 403)).toBe(true);
    const letThrough = answers.filter((answer) => answer.status === LET_THROUGH).map(({ at }) => at);
    lastLetThroughMs.push(Math.max(0, ...letThrough) - askedAt);
    requests += answers.length;
  };
  const withdraw = async (clerk: Clerk): Promise<void> => {
    const asking = await beginAsking(clerk);
    const change = await put(clerk, MAY_NOTHING);
    await pastDue(change);
    asking.stop();
    await check(asking, change, false);
  };
  const withdrawWhileItStandsStill = async (some: readonly Clerk[]): Promise<void> => {
    const asking = await Promise.all(some.map(beginAsking));
    other.kill('SIGSTOP');
    const changes: Change[] = [];
    for (const clerk of some) changes.push(await put(clerk, MAY_NOTHING));
    await pastDue(...changes);
    for (const { stop } of asking) stop();
    other.kill('SIGCONT');
    await Promise.all(asking.map((each, index) => check(each, changes[index] as Change, true)));
  };

  for (const clerk of clerks) await put(clerk, MAY_CLAIM);
  const withdrawing: Promise<void>[] = [];
  for (const clerk of clerks.slice(0, rights)) {
    withdrawing.push(withdraw(clerk));
    await sleep(BETWEEN_CHANGES_MS);
  }
  await Promise.all(withdrawing);
  for (let begin = rights; begin < clerks.length; begin += RIGHTS_IN_A_PAUSE)
    await withdrawWhileItStandsStill(clerks.slice(begin, begin + RIGHTS_IN_A_PAUSE));
  expect(await Promise.all([one.stop(), other.stop()])).toEqual(Array(2).fill({ code: 0, signal: null }));
  return { lastLetThroughMs, requests };
}
