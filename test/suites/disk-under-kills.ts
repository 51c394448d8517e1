import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { seededRandom } from '../helpers/fakes.ts';
import { ServerProcess } from '../helpers/server-process.ts';

export interface KillsPlan {
  readonly env: Readonly<Record<string, string>>;
  readonly kills: number;
  readonly clients: number;
  readonly seed: number;
  /** How long the service lives between two kills, ms, at least and at most. */
  readonly livesMs: readonly [number, number];
}

interface Books {
  /** Votes that were answered, by poll. */
  readonly votes: Map<string, number>;
  /** Ids of tasks whose enqueueing was answered. */
  readonly tasks: Set<string>;
  /** Those whose completion was answered. */
  readonly done: Set<string>;
  /** By stock: the last value that was answered. */
  readonly stocks: Map<string, number>;
  readonly faults: string[];
  answers: number;
}

const KEY = 'key-of-the-kills-0123';
const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };

/**
 * Kills the service again and again while clients vote, enqueue, claim and finish tasks, put stocks and create polls. They
 * repeat whatever was not answered, as clients do, and keep books of what was.
 *
 * @returns what they had answered; everything of it was there after each restart, once
 */
export async function playKills({ env, kills, clients, seed, livesMs: [least, most] }: KillsPlan): Promise<Books> {
  const books: Books = {
    votes: new Map(),
    tasks: new Set(),
    done: new Set(),
    stocks: new Map(),
    faults: [],
    answers: 0,
  };
  const random = seededRandom(seed);
  let server = await ServerProcess.start({ ...env, API_KEYS: `test=${KEY}` });
  const port = new URL(server.url).port;
  let isOver = false;

  /** Sends a request until it is answered. */
  const send = async (
    method: string,
    path: string,
    body?: object,
    more: Record<string, string> = {},
  ): Promise<Response> => {
    for (;;)
      try {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
          method,
          headers: { ...headers, ...more },
          ...(body ? { body: JSON.stringify(body) } : {}),
        });
        // An answer counts once it is whole.
        const text = await answer.text();
        if (answer.status === 503) continue;
        books.answers++;
        return new Response(text === '' ? null : text, { status: answer.status });
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
  };
  const must = async (status: number, answer: Response): Promise<Record<string, never>> => {
    if (answer.status !== status) books.faults.push(`${answer.status} in place of ${status}: ${await answer.text()}`);
    return answer.ok ? ((await answer.json()) as Record<string, never>) : {};
  };

  const vote = async (pollId: string): Promise<void> => {
    const key = { 'idempotency-key': randomUUID() };
    await must(201, await send('POST', `/polls/${pollId}/votes`, { choice: 'YES' }, key));
    books.votes.set(pollId, (books.votes.get(pollId) ?? 0) + 1);
  };
  const poll = async (): Promise<void> => {
    const pollId = randomUUID().slice(0, 8);
    const answer = await send('POST', '/polls', { pollId, question: 'Well?', choices: ['YES', 'NO'] });
    // A repeat of a create that was stored and not answered.
    if (answer.status !== 201 && answer.status !== 409) books.faults.push(`poll: ${answer.status}`);
    books.votes.set(pollId, 0);
    await vote(pollId);
  };
  const enqueue = async (): Promise<void> => {
    const taskId = randomUUID();
    await must(201, await send('POST', '/queues/q/tasks', { payload: { taskId }, taskId }));
    books.tasks.add(taskId);
  };
  const work = async (): Promise<void> => {
    const { tasks } = await must(200, await send('POST', '/queues/q/claims', { max: 2, leaseSeconds: 60 }));
    for (const { taskId, fence } of (tasks ?? []) as { taskId: string; fence: string }[]) {
      if (books.done.has(taskId)) books.faults.push(`${taskId} was claimed after its end`);
      await must(200, await send('POST', `/tasks/${taskId}/complete`, { fence }));
      books.done.add(taskId);
    }
  };
  const put = async (client: number): Promise<void> => {
    const next = (books.stocks.get(`S${client}`) ?? 0) + 1;
    const { status } = await send('PUT', `/stock/S${client}`, { value: `${next}`, currency: 'EUR' });
    if (status !== 200 && status !== 201) books.faults.push(`stock: ${status}`);
    books.stocks.set(`S${client}`, next);
  };
  const client = async (number: number): Promise<void> => {
    while (!isOver) {
      const dice = random.next();
      if (dice < 0.5) await vote('colors-of-kills');
      else if (dice < 0.65) await enqueue();
      else if (dice < 0.8) await work();
      else if (dice < 0.98) await put(number);
      else await poll();
    }
  };

  await must(
    201,
    await send('POST', '/polls', { pollId: 'colors-of-kills', question: 'Well?', choices: ['YES', 'NO'] }),
  );
  const working = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  for (let kill = 0; kill < kills; kill++) {
    await new Promise((resolve) => setTimeout(resolve, least + random.next() * (most - least)));
    server.kill('SIGKILL');
    await server.exit;
    server = await ServerProcess.start({ ...env, API_KEYS: `test=${KEY}`, PORT: port });
  }
  isOver = true;
  await working;
  server.kill('SIGKILL');
  await server.exit;
  server = await ServerProcess.start({ ...env, API_KEYS: `test=${KEY}`, PORT: port });

  for (const [pollId, votes] of books.votes) {
    const results = await must(200, await send('GET', `/polls/${pollId}/results`));
    if (results.total !== votes)
      books.faults.push(`${pollId} counts ${results.total} of ${votes} votes after the start`);
    const { audit } = await must(200, await send('POST', `/polls/${pollId}/close`, {}));
    const { ballots, drift } = (audit ?? {}) as { ballots?: number; drift?: number };
    if (ballots !== votes || drift !== 0) books.faults.push(`${pollId}: ${JSON.stringify(audit)} of ${votes} votes`);
  }
  // Claims whose answers were lost: their leases end by themselves, and nobody holds their fences.
  const { counters, pending, taken } = await must(200, await send('GET', '/queues/q'));
  const { enqueued, succeeded } = (counters ?? {}) as { enqueued?: number; succeeded?: number };
  if (enqueued !== books.tasks.size || succeeded !== books.done.size)
    books.faults.push(`${enqueued} of ${books.tasks.size} tasks, ${succeeded} of ${books.done.size} done`);
  if (Number(pending) + Number(taken) !== books.tasks.size - books.done.size)
    books.faults.push(`${pending} pending and ${taken} taken of ${books.tasks.size - books.done.size}`);
  for (const taskId of books.tasks) {
    const { status } = await must(200, await send('GET', `/tasks/${taskId}`));
    if ((status === 'SUCCESS') !== books.done.has(taskId)) books.faults.push(`${taskId} is ${status}`);
  }
  for (const [stockId, value] of books.stocks) {
    const stock = await must(200, await send('GET', `/stock/${stockId}`));
    if (stock.value !== `${value}`) books.faults.push(`${stockId} is ${stock.value} in place of ${value}`);
  }
  await server.stop();
  expect(books.faults).toEqual([]);
  return books;
}
