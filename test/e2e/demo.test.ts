import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type HttpService, httpService, type ReceivedCall } from '../helpers/http-service.ts';
import { ServerProcess } from '../helpers/server-process.ts';

const KEY = 'demo-test-key-0123456789';
const JSON_TYPE = { 'content-type': 'application/json' };

interface DemoRun {
  readonly code: number;
  readonly output: string;
  /** The numbers in the report's line of that name. */
  row(name: string): number[];
  /** The first of them. */
  figure(name: string): number;
}

/** Runs the demo as `npm run demo -- …` does. */
function demo(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<DemoRun> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve) => {
    const command = ['demo/main.ts', ...args];
    execFile('node_modules/.bin/tsx', command, { env: { PATH, HOME, ...env } }, (error, stdout, stderr) => {
      const output = stdout + stderr;
      const row = (name: string): number[] => {
        const numbers = new RegExp(`^${name}((?: +-?[\\d,]+)+)`, 'm').exec(output)?.[1]?.trim();
        return numbers?.split(/ +/).map((number) => Number(number.replaceAll(',', ''))) ?? [];
      };
      resolve({ code: Number(error?.code ?? 0), output, row, figure: (name) => row(name)[0] ?? Number.NaN });
    });
  });
}

type Between = (call: ReceivedCall, response: ServerResponse) => unknown;

/** Hands a request on to the service. @returns its whole answer */
async function forward(url: string, { method, path, headers, body }: ReceivedCall) {
  const call = httpRequest(url + path, { method, headers }).end(body);
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  const { 'content-type': type = '' } = answer.headers;
  return { status: answer.statusCode ?? 500, headers: { 'content-type': type }, body: await text(answer) };
}

describe('the demo', () => {
  let service: ServerProcess;
  beforeAll(async () => {
    service = await ServerProcess.start({ API_KEYS: `test=${KEY}` });
  });

  const between: HttpService[] = [];
  /** Puts something between the demo and the service. @returns where */
  const standBetween = async (handle: Between): Promise<string> => {
    const server = await httpService(handle);
    between.push(server);
    return server.url;
  };
  afterAll(() => Promise.all(between.map((server) => server.close())));

  it('sees every vote counted once, for all its duplicates, hang-ups and unknown words', async () => {
    const mix = ['--votes', '600', '--duplicates', '30', '--hang-ups', '10', '--unknown', '10'];
    const run = await demo(['votes', ...mix, '--new-poll', '--url', service.url], { API_KEY: KEY });

    expect(run).toMatchObject({ code: 0 });
    expect(run.figure('difference')).toBe(0);
    expect(run.figure('accepted') + run.figure('refused')).toBe(600);
    for (const name of ['duplicates', 'retries', 'refused']) expect(run.figure(name)).toBeGreaterThan(0);
    expect(run.output).toContain('drift 0');
  });

  it('gets every vote counted once through a network that refuses, loses requests and loses answers', async () => {
    let requests = 0;
    const url = await standBetween(async (call, response) => {
      const fault = call.method === 'POST' ? ++requests % 10 : 0;
      if (fault === 1) return response.writeHead(503, { 'retry-after': '0' }).end();
      if (fault === 2) return response.destroy();
      const answer = await forward(service.url, call);
      if (fault === 3) return response.destroy();
      return response.writeHead(answer.status, answer.headers).end(answer.body);
    });

    const run = await demo(['--votes', '300', '--url', url]);

    expect(run).toMatchObject({ code: 0 });
    expect(run.figure('difference')).toBe(0);
    expect(run.figure('retries')).toBeGreaterThan(100);
  });

  it('fails when a text that was acknowledged is not counted', async () => {
    let isLost = false;
    const url = await standBetween(async (call, response) => {
      if (call.body.includes('MessageSid=') && !isLost) {
        isLost = true;
        const told = '<Response><Message>Thank you! Your vote for RED is counted.</Message></Response>';
        return response.writeHead(200, { 'content-type': 'text/xml' }).end(told);
      }
      const answer = await forward(service.url, call);
      return response.writeHead(answer.status, answer.headers).end(answer.body);
    });

    const mix = ['--duplicates', '0', '--hang-ups', '0', '--unknown', '0'];
    const run = await demo(['--votes', '100', ...mix, '--wait', '1', '--url', url]);

    expect(run).toMatchObject({ code: 1 });
    expect(run.figure('difference')).toBe(1);
  });

  it('fails when more is counted than it sent', async () => {
    const url = await standBetween(async (call, response) => {
      const answer = await forward(service.url, call);
      if (call.body.includes('"voter"') && call.body.includes('-7"'))
        await fetch(`${service.url}/polls/colors/votes`, {
          method: 'POST',
          headers: JSON_TYPE,
          body: '{"choice":"red"}',
        });
      return response.writeHead(answer.status, answer.headers).end(answer.body);
    });

    const mix = ['--sms', '0', '--duplicates', '0', '--hang-ups', '0', '--unknown', '0'];
    const run = await demo(['--votes', '100', ...mix, '--url', url]);

    expect(run).toMatchObject({ code: 1 });
    expect(run.figure('difference')).toBe(1);
  });

  it('finds every answer right that tells of the life of tasks, and says which one is not', async () => {
    const right = await demo(['hands', '--url', service.url], { API_KEY: KEY });
    expect(right).toMatchObject({ code: 0, output: expect.stringContaining('Every answer was right.') });

    const url = await standBetween(async (call, response) => {
      const answer = await forward(service.url, call);
      const body = call.path.endsWith('/cancel') ? answer.body.replace('CANCELLED', 'PENDING') : answer.body;
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body);
    });
    const wrong = await demo(['hands', '--url', url], { API_KEY: KEY });
    expect(wrong).toMatchObject({ code: 1, output: expect.stringContaining('1 answers were wrong.') });
  });

  it('signs its texts as Twilio does, for the public address', async () => {
    const twilio = { TWILIO_AUTH_TOKEN: 'token-of-the-demo', PUBLIC_BASE_URL: 'https://votes.example.org/base/' };
    const checking = await ServerProcess.start({ API_KEYS: `test=${KEY}`, ...twilio });
    const args = ['--votes', '100', '--sms', '100', '--url', checking.url];

    const [signed, unsigned] = await Promise.all([demo(args, twilio), demo([...args, '--poll', 'colors'])]);

    expect(signed).toMatchObject({ code: 0 });
    expect(signed.output).toContain('signed');
    expect(unsigned).toMatchObject({ code: 1, output: expect.stringMatching(/403.*\n.*TWILIO_AUTH_TOKEN/) });
  });

  it('sends no text where all would be refused, and says so', async () => {
    const open = await ServerProcess.start({ API_KEYS: `test=${KEY}`, HOST: '0.0.0.0' });
    const url = `http://127.0.0.1:${new URL(open.url).port}`;

    const run = await demo(['--votes', '50', '--url', url]);

    expect(run).toMatchObject({ code: 0, output: expect.stringMatching(/No text messages.*TWILIO_AUTH_TOKEN/) });
    expect(run.figure('accepted') + run.figure('refused')).toBe(50);
    expect(open.logs.filter(({ msg }) => msg === 'refused a text')).toHaveLength(1);
  });

  it('does not take a text that is in no poll for a vote', async () => {
    const other = await ServerProcess.start({ API_KEYS: `test=${KEY}`, SMS_DEFAULT_POLL: 'another' });

    const run = await demo(['--votes', '50', '--sms', '100', '--unknown', '0', '--url', other.url]);

    expect(run).toMatchObject({ code: 1, output: expect.stringContaining('There is no vote running') });
  });

  describe('with tasks', () => {
    const burst = ['--before', '1', '--during', '4', '--after', '1', '--burst', '400', '--capacity', '20'];
    const options = ['tasks', ...burst, '--slots', '4', '--deadline', '1'];
    let swept: ServerProcess;
    beforeAll(async () => {
      swept = await ServerProcess.start({ API_KEYS: `test=${KEY}`, SWEEP_SECONDS: '1' });
    });

    it('shows what the order does to answers in time, and that no task is missing', async () => {
      const run = await demo([...options, '--url', swept.url], { API_KEY: KEY });

      expect(run).toMatchObject({ code: 0 });
      const [lifo = 0, fifo = 0, adaptive = 0] = run.row('in time');
      expect(run.row('missing')).toEqual([0, 0, 0]);
      expect(new Set(run.row('enqueued')).size).toBe(1);
      expect(lifo).toBeGreaterThan(fifo);
      expect(adaptive).toBeGreaterThan(fifo);
      expect(run.row('late')[1]).toBeGreaterThan(run.row('late')[0] ?? 0);
      const list = await fetch(`${swept.url}/queues`, { headers: { authorization: `Bearer ${KEY}` } });
      const { queues } = (await list.json()) as { queues: { pending: number; runner?: object }[] };
      expect(queues.map(({ pending, runner }) => ({ pending, runner }))).toEqual(Array(3).fill({ pending: 0 }));
    }, 90_000);

    it('fails when a task that was acknowledged is lost', async () => {
      let isLost = false;
      const url = await standBetween(async (call, response) => {
        if (call.path.endsWith('fifo/tasks') && !isLost) {
          isLost = true;
          return response.writeHead(201, JSON_TYPE).end('{}');
        }
        const answer = await forward(swept.url, call);
        return response.writeHead(answer.status, answer.headers).end(answer.body);
      });
      const quiet = ['--before', '1', '--during', '0', '--after', '0', '--wait', '2', '--deadline', '1'];

      const run = await demo(['tasks', ...quiet, '--url', url], { API_KEY: KEY });

      expect(run).toMatchObject({ code: 1 });
      expect(run.row('missing')).toEqual([0, 1, 0]);
    }, 60_000);

    it('says so when the key is not taken', async () => {
      const run = await demo([...options, '--url', swept.url, '--key', 'another-key-0123456789']);

      expect(run).toMatchObject({ code: 1, output: expect.stringContaining('does not take this API key') });
    });
  });

  it.each([['votes'], ['tasks']])('says how to start the service when nothing answers: %s', async (scenario) => {
    const stopped = await ServerProcess.start();
    await stopped.stop();

    const run = await demo([scenario, '--url', stopped.url], { API_KEY: KEY });

    expect(run).toMatchObject({ code: 1, output: expect.stringContaining('npm start') });
  });

  it.each([
    [['--votes', 'many'], '--votes must be a whole number'],
    [['--sms', '101'], '--sms must be a percentage'],
    [['--url', 'localhost:8080'], '--url must be an address'],
    [['--speed', '9'], "Unknown option '--speed'"],
    [['--new-poll'], '--new-poll needs an API key'],
    [['lottery'], 'no scenario "lottery"'],
    [['tasks'], 'need an API key'],
    [['tasks', '--key', KEY, '--deadline', '0'], '--deadline must be a whole number'],
    [['tasks', '--key', KEY, '--listen', '192.0.2.1'], 'Nothing can listen at --listen 192.0.2.1'],
  ])('refuses %j with a sentence and 2', async (args, sentence) => {
    expect(await demo(args)).toMatchObject({ code: 2, output: expect.stringContaining(sentence) });
  });
});
