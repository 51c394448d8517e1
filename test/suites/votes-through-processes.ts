import { expect } from '@jest/globals';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { authorization, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { dynamoDbEnv } from '../helpers/servers/dynamodb-tables.ts';
import { SseClient } from '../helpers/sse-client.ts';

const VOTERS = 24;
const MINUTES_30 = 1_800_000;
const CHOICES = ['RED', 'GREEN', 'BLUE'];
const json = { 'content-type': 'application/json' };

/** A service process that can be killed and started again; its address changes then. */
class RestartingProcess {
  url = '';
  private server: ServerProcess | undefined;

  constructor(private readonly settings: Record<string, string>) {}

  async start(): Promise<this> {
    this.server = await ServerProcess.start(this.settings);
    this.url = this.server.url;
    return this;
  }

  async killAndRestart(): Promise<void> {
    this.server?.kill('SIGKILL');
    await this.server?.exit;
    await this.start();
  }

  async stop(): Promise<void> {
    expect(await this.server?.stop()).toEqual({ code: 0, signal: null });
  }
}

/** Follows the results of a poll at a process, and connects again when that one dies. */
class Viewer {
  /** What was shown, one after the other. */
  readonly shown: { readonly total: number; readonly revision: number; readonly at: number }[] = [];
  private stopped = false;
  private client: SseClient | undefined;

  constructor(
    private readonly process: RestartingProcess,
    private readonly pollId: string,
  ) {
    void this.follow();
  }

  stop(): void {
    this.stopped = true;
    this.client?.close();
  }

  private async follow(): Promise<void> {
    while (!this.stopped) {
      const url = `${this.process.url}/polls/${this.pollId}/results/events`;
      const client = await SseClient.connect(url).catch(() => undefined);
      if (!client) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      this.client = client;
      let read = 0;
      const take = (): void => {
        for (const { data, at } of client.events.slice(read)) {
          const { total, revision } = JSON.parse(data);
          this.shown.push({ total, revision, at });
        }
        read = client.events.length;
      };
      client.response.on('data', take);
      await new Promise((resolve) => client.response.once('close', resolve));
      take();
    }
  }
}

/** Two service processes on tables of their own, with a poll `colors`. */
async function startProcesses(endpoint: string): Promise<[RestartingProcess, RestartingProcess]> {
  const settings = { ...dynamoDbSettings(endpoint), API_KEYS: `test=${KEY}` };
  Object.assign(process.env, dynamoDbEnv(endpoint));
  await makeTables(settings);
  const processes: [RestartingProcess, RestartingProcess] = [
    await new RestartingProcess(settings).start(),
    await new RestartingProcess(settings).start(),
  ];
  const body = JSON.stringify({ pollId: 'colors', question: 'Which colour?', choices: CHOICES });
  const created = await fetch(`${processes[0].url}/polls`, {
    method: 'POST',
    headers: { ...json, ...authorization },
    body,
  });
  expect(created.status).toBe(201);
  return processes;
}

/**
 * Sends one vote until it is answered, to either process in turn.
 *
 * @returns whether it counted; if not, the poll was closed before
 */
async function vote(processes: readonly RestartingProcess[], number: number): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    const { url } = processes[(number + attempt) % processes.length] as RestartingProcess;
    const answer = await fetch(`${url}/polls/colors/votes`, {
      method: 'POST',
      headers: { ...json, 'idempotency-key': `v${number}` },
      body: JSON.stringify({ choice: CHOICES[number % CHOICES.length] }),
    }).catch(() => undefined);
    await answer?.arrayBuffer().catch(() => undefined);
    if (answer?.status === 201) return true;
    if (answer?.status === 409) return false;
    // Killed, or the store was too busy: the same vote again, to the other one.
    if (answer && answer.status !== 503) throw new Error(`a vote was answered with ${answer.status}`);
  }
}

export interface Run {
  /** Votes until the poll is closed; some more are refused or just make it. */
  readonly votes: number;
  /** Which process is killed, one kill after the other, spread over the votes. */
  readonly kills: readonly (0 | 1)[];
}

/**
 * Votes through two processes while they are killed, closes the poll while votes come in, and holds the counts to what
 * was answered.
 *
 * @returns how long the tally took to be complete after the last vote before the close, ms
 */
export async function voteThroughProcesses(endpoint: string, { votes, kills }: Run): Promise<number> {
  const processes = await startProcesses(endpoint);
  const viewers = processes.flatMap((process) => [new Viewer(process, 'colors'), new Viewer(process, 'colors')]);
  const accepted = new Set<number>();
  let next = 0;
  /** Many voters at once, each until the number of votes is reached or one is refused. */
  const sendUntil = async (limit: number): Promise<void> => {
    const voter = async (): Promise<void> => {
      while (next < limit) {
        const number = next++;
        if (!(await vote(processes, number))) return;
        accepted.add(number);
      }
    };
    await Promise.all(Array.from({ length: VOTERS }, voter));
  };

  const killing = (async () => {
    for (const [index, victim] of kills.entries()) {
      const due = Math.floor((votes * (index + 1)) / (kills.length + 0.2));
      await eventually(
        () => accepted.size,
        (count) => count >= due,
        MINUTES_30,
      );
      await processes[victim].killAndRestart();
    }
  })();
  await sendUntil(votes);
  const lastVoteAt = performance.now();
  const shown = async () => (await getJson(`${processes[1].url}/polls/colors/results`)).total;
  await eventually(shown, (total) => total === votes, 60_000);
  const completeAfter = performance.now() - lastVoteAt;
  await killing;
  expect(accepted.size).toBe(votes);

  const lateVotes = sendUntil(Number.POSITIVE_INFINITY);
  await eventually(
    () => accepted.size,
    (count) => count > votes + VOTERS,
    60_000,
  );
  const close = () => getJson(`${processes[0].url}/polls/colors/close`, { method: 'POST', headers: authorization });
  const { audit } = await close();
  await lateVotes;
  const counted = accepted.size;
  const equal = {
    ballots: counted,
    shards: counted,
    tally: counted,
    drift: 0,
    doubleVoters: 0,
    at: expect.any(String),
  };
  expect({ atTheClose: audit, afterwards: (await close()).audit }).toEqual({ atTheClose: equal, afterwards: equal });

  for (const viewer of viewers) {
    await eventually(
      () => viewer.shown.at(-1)?.total,
      (total) => total === counted,
      10_000,
    );
    viewer.stop();
    expect(viewer.shown.length).toBeGreaterThan(5);
    for (const [index, { total, revision }] of viewer.shown.entries()) {
      const before = viewer.shown[index - 1];
      expect(total).toBeGreaterThanOrEqual(before?.total ?? 0);
      expect(revision).toBeGreaterThanOrEqual(before?.revision ?? 0);
    }
  }
  await Promise.all(processes.map((process) => process.stop()));
  return completeAfter;
}

/**
 * Votes now through one process and now through the other, and watches when viewers at both see it.
 *
 * @returns how long each new count took from the answer to each viewer, ms, in rising order
 */
export async function viewingDelays(endpoint: string, votes: number): Promise<number[]> {
  const processes = await startProcesses(endpoint);
  const viewers = processes.map((process) => new Viewer(process, 'colors'));
  const delays: number[] = [];
  // The first vote finds one of them still looking for the stream.
  for (let number = 0; number <= votes; number++) {
    await vote(processes, number);
    const answeredAt = performance.now();
    for (const viewer of viewers) {
      const seen = await eventually(
        () => viewer.shown.find(({ total }) => total > number),
        (event) => event !== undefined,
        10_000,
      );
      if (number > 0) delays.push(Math.max(0, (seen?.at ?? Number.POSITIVE_INFINITY) - answeredAt));
    }
  }
  for (const viewer of viewers) viewer.stop();
  await Promise.all(processes.map((process) => process.stop()));
  return delays.sort((one, other) => one - other);
}

async function getJson(url: string, init?: RequestInit): Promise<Record<string, unknown>> {
  return (await (await fetch(url, init)).json()) as Record<string, unknown>;
}
