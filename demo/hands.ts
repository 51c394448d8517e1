import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ServiceError, UsageError } from './errors.ts';
import { type Answer, type Call, describe, HttpClient, NoAnswerError } from './http-client.ts';
import { readOptions, serviceUrl } from './options.ts';
import type { Scenario } from './scenario.ts';
import { firstAnswer, keyCall } from './service-api.ts';

const TIMEOUT_MS = 30_000;

const usage = `Usage: npm run demo -- hands [options]

Leads a few tasks through all that an operator and a worker outside can do: a batch, a pause, claims, heartbeats, a failure
with a delay, a cancellation, dead letters that are brought back, a purge, and the end of the queue. Each answer is shown,
and held to what the documentation says. Ends with 0 only if all were right.

  --url URL            the service (http://127.0.0.1:8080)
  --key KEY            an API key of the service (environment: API_KEY)
  --help               this text`;

interface Task {
  readonly taskId: string;
  readonly status: string;
  readonly fence: string;
  readonly attempt: number;
  readonly history: readonly { readonly worker?: string; readonly outcome: string; readonly error?: string }[];
}

export const hands: Scenario = {
  summary: 'the life of a task: claims, retries, pauses, cancellations, dead letters',
  usage,
  run: async (args) => {
    const given = readOptions(args, {
      url: { type: 'string', default: 'http://127.0.0.1:8080' },
      key: { type: 'string' },
    });
    const key = given.key ?? process.env.API_KEY;
    if (!key) throw new UsageError('Queues need an API key: --key, or API_KEY in the environment.');
    const url = serviceUrl('url', given.url);
    const client = new HttpClient(url, { connections: 1, timeoutMs: TIMEOUT_MS });
    try {
      return await new Walk(client, url, key).run();
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      throw new ServiceError(`The service stopped answering (${error.message}).`);
    } finally {
      client.close();
    }
  },
};

class Walk {
  private readonly queue = `demo-hands-${randomBytes(3).toString('hex')}`;
  private wrong = 0;

  constructor(
    private readonly client: HttpClient,
    private readonly url: URL,
    private readonly key: string,
  ) {}

  /** @returns the exit code */
  async run(): Promise<number> {
    const path = `/queues/${this.queue}`;
    const tasks = ['first', 'second', 'third'].map((taskId) => ({
      taskId: `${this.queue}-${taskId}`,
      payload: taskId,
    }));
    const [first, second, third] = tasks.map(({ taskId }) => `/tasks/${taskId}`) as [string, string, string];
    const settings = keyCall('PUT', path, this.key, { maxAttempts: 2, leaseSeconds: 30 });
    await firstAnswer(this.client, this.url, 'hands', settings);

    await this.step(
      'three tasks come in together',
      'POST',
      `${path}/tasks/batch`,
      { tasks },
      (body) => body.results.length === 3,
    );
    await this.step('nobody gets any while the queue is paused', 'POST', `${path}/pause`, {}, (body) => body.paused);
    await this.step('', 'POST', `${path}/claims`, {}, (body) => body.tasks.length === 0);
    await this.step('it goes on', 'POST', `${path}/resume`, {}, (body) => !body.paused);

    let fence = await this.claim('the newest one is claimed first', path, third);
    await this.step('its lease is longer now', 'POST', `${third}/heartbeat`, { fence, leaseSeconds: 60 }, isTaken);
    await this.step(
      'it fails, and may be tried again in a second',
      'POST',
      `${third}/fail`,
      {
        fence,
        error: 'the printer is out of paper',
        retryInSeconds: 1,
      },
      (body) => body.status === 'PENDING',
    );
    await this.step(
      'the second one is not wanted any more',
      'POST',
      `${second}/cancel`,
      {},
      (body) => body.status === 'CANCELLED',
    );
    await delay(1_100);
    fence = await this.claim('the third one is back', path, third);
    await this.step(
      'it fails for good: a dead letter',
      'POST',
      `${third}/fail`,
      { fence, error: 'the printer is on fire' },
      isDead,
    );
    await this.step('its history tells both attempts', 'GET', third, undefined, (body) => body.history.length === 2);
    await this.step(
      'it is brought back',
      'POST',
      `${path}/redrive`,
      { status: 'FAILURE', limit: 1 },
      (body) => body.redriven === 1,
    );
    fence = await this.claim('and claimed with a new first attempt', path, third);
    await this.step('now it succeeds', 'POST', `${third}/complete`, { fence, result: { pages: 3 } }, isDone);
    fence = await this.claim('the last one is left', path, first);
    await this.step('its worker gives it back', 'POST', `${first}/release`, { fence }, (body) => body.attempt === 0);
    await this.step('a queue that holds tasks is not removed', 'DELETE', path, undefined, undefined, 409);
    await this.step(
      'what waits is purged',
      'DELETE',
      `${path}/tasks?status=PENDING`,
      undefined,
      (body) => body.removed === 1,
    );
    await this.step('and the queue goes', 'DELETE', path, undefined, undefined, 204);

    console.log(this.wrong === 0 ? '\nEvery answer was right.' : `\n${this.wrong} answers were wrong.`);
    return this.wrong === 0 ? 0 : 1;
  }

  private async claim(text: string, path: string, task: string): Promise<string> {
    const isIt = (body: Body) => body.tasks.length === 1 && `/tasks/${body.tasks[0]?.taskId}` === task;
    const { tasks } = await this.step(text, 'POST', `${path}/claims`, { worker: 'demo' }, isIt);
    return tasks?.[0]?.fence ?? '';
  }

  private async step(
    text: string,
    method: Call['method'],
    path: string,
    body: unknown,
    isRight: (body: Body) => boolean = () => true,
    status?: number,
  ): Promise<Body> {
    const answer = await this.client.send(keyCall(method, path, this.key, body));
    const told = bodyIn(answer);
    const isFine = (status === undefined ? answer.status < 300 : answer.status === status) && isRight(told);
    if (!isFine) this.wrong++;
    console.log(
      `${isFine ? '  ' : '! '}${text.padEnd(46)} ${method} ${path} → ${isFine ? answer.status : describe(answer)}`,
    );
    return told;
  }
}

type Body = Task & {
  readonly results: readonly unknown[];
  readonly tasks: readonly Task[];
  readonly paused: boolean;
  readonly redriven: number;
  readonly removed: number;
};

const isTaken = ({ status }: Body) => status === 'TAKEN';
const isDead = ({ status }: Body) => status === 'FAILURE';
const isDone = ({ status }: Body) => status === 'SUCCESS';

const bodyIn = ({ text }: Answer): Body => (text === '' ? {} : JSON.parse(text)) as Body;
