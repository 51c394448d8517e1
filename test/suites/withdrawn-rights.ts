import { expect } from '@jest/globals';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { authorization, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { dynamoDbEnv } from '../helpers/servers/dynamodb-tables.ts';

const CLERK_KEY = 'key-of-the-clerk-0123456';
const clerk = { authorization: `Bearer ${CLERK_KEY}` };
const json = { 'content-type': 'application/json' };
const MAY_CLAIM = { allow: ['GET /queues', 'POST /queues/*/claims'] };
const MAY_NOTHING = { allow: ['* /**'], deny: ['* /**'] };
const BETWEEN_REQUESTS_MS = 50;

interface Sent {
  readonly at: number;
  /** Undefined where the request got no answer. */
  readonly status: Promise<number | undefined>;
}

export interface WithdrawalOptions {
  readonly rounds: number;
  /** Every so many rounds the other process stands still while the policy changes. */
  readonly pauseEvery?: number;
}

export interface Withdrawals {
  /** How long after the change was asked for the last request was let through, ms, for each round. */
  readonly lastLetThroughMs: readonly number[];
  readonly requests: number;
}

/**
 * Changes what a key may do at one process, while another one is asked by that key. No request that is sent after
 * `effectiveBy` is let through, and a claim that waits has ended 5 s later.
 */
export async function withdrawRights(
  endpoint: string,
  { rounds, pauseEvery = Number.POSITIVE_INFINITY }: WithdrawalOptions,
): Promise<Withdrawals> {
  const settings = { ...dynamoDbSettings(endpoint), API_KEYS: `admin=${KEY},clerk=${CLERK_KEY}`, ROLE: 'api' };
  Object.assign(process.env, dynamoDbEnv(endpoint));
  await makeTables(settings);
  const [one, other] = await Promise.all([ServerProcess.start(settings), ServerProcess.start(settings)]);
  const put = async (policy: object): Promise<{ askedAt: number; effectiveBy: number }> => {
    const askedAt = Date.now();
    const headers = { ...authorization, ...json };
    const answer = await fetch(`${one.url}/policies/key:clerk`, {
      method: 'PUT',
      headers,
      body: JSON.stringify(policy),
    });
    expect(answer.status).toBe(200);
    const effectiveBy = Date.parse(((await answer.json()) as { effectiveBy: string }).effectiveBy);
    expect(effectiveBy - Date.now()).toBeLessThanOrEqual(5_000);
    return { askedAt, effectiveBy };
  };
  const ask = (): Promise<number | undefined> =>
    fetch(`${other.url}/queues`, { headers: clerk }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => undefined,
    );
  const claim = async (): Promise<{ status: number; endedAt: number }> => {
    const body = JSON.stringify({ waitSeconds: 20 });
    const answer = await fetch(`${other.url}/queues/q/claims`, {
      method: 'POST',
      headers: { ...clerk, ...json },
      body,
    });
    await answer.arrayBuffer();
    return { status: answer.status, endedAt: Date.now() };
  };

  const lastLetThroughMs: number[] = [];
  let requests = 0;
  for (let round = 1; round <= rounds; round++) {
    const pauses = round % pauseEvery === 0;
    await put(MAY_CLAIM);
    await eventually(ask, (status) => status === 200, 15_000);
    const waiting = claim();
    const sent: Sent[] = [];
    const asking = setInterval(() => sent.push({ at: Date.now(), status: ask() }), BETWEEN_REQUESTS_MS);
    await eventually(
      () => sent.length,
      (count) => count > 4,
    );
    if (pauses) other.kill('SIGSTOP');
    const { askedAt, effectiveBy } = await put(MAY_NOTHING);
    await eventually(
      () => Date.now(),
      (now) => now > effectiveBy + 500,
      15_000,
    );
    clearInterval(asking);
    if (pauses) other.kill('SIGCONT');

    const { status, endedAt } = await waiting;
    expect(status).toBe(403);
    if (!pauses) expect(endedAt - effectiveBy).toBeLessThan(5_000);
    const answers = await Promise.all(sent.map(async ({ at, status }) => ({ at, status: await status })));
    expect(answers[0]?.status).toBe(200);
    expect(answers.filter((answer) => answer.at > effectiveBy && answer.status === 200)).toEqual([]);
    expect(answers.some((answer) => answer.status === 403)).toBe(true);
    const letThrough = answers.filter((answer) => answer.status === 200).map(({ at }) => at);
    lastLetThroughMs.push(Math.max(0, ...letThrough) - askedAt);
    requests += answers.length;
  }
  expect(await Promise.all([one.stop(), other.stop()])).toEqual(Array(2).fill({ code: 0, signal: null }));
  return { lastLetThroughMs, requests };
}
