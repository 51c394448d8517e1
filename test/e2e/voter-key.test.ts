import { describe, expect, it } from '@jest/globals';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { authorization, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { sendingTo } from '../helpers/http.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { dynamoDbEnv } from '../helpers/servers/dynamodb-tables.ts';
import { FaultyProxy } from '../helpers/servers/faulty-proxy.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { signing, twilioSettings } from '../helpers/signing.ts';

const [ERROR, FATAL] = [50, 60];
const OTHER_KEY = { VOTER_KEY: 'another voter key for tests' };
const NUMBER = '+15550001111';
const poll = { question: 'Which colour?', choices: ['RED', 'BLUE'], voterLimit: 'one' };

const textsAt = (server: ServerProcess, level: number): readonly string[] =>
  server.logs.filter((line) => line.level === level).map(({ msg }) => msg);

await withServer('the voter key', startDynamoDbLocal, ({ endpoint }) => {
  /** A store of its own, and what is done with the service on it. */
  async function newStore() {
    Object.assign(process.env, dynamoDbEnv(endpoint));
    const settings = {
      ...dynamoDbSettings(endpoint),
      ...twilioSettings,
      API_KEYS: `test=${KEY}`,
      SWEEP_SECONDS: '1',
    };
    await makeTables(settings);
    const at = (server: ServerProcess) => {
      const send = signing(sendingTo(server.url));
      const post = async (url: string, body: unknown) => {
        const answer = await send({ method: 'POST', url, headers: authorization, body });
        return { status: answer.status, code: answer.status < 400 ? undefined : JSON.parse(answer.body).code };
      };
      return {
        create: (pollId: string, fields: object = {}) => post('/polls', { ...poll, pollId, ...fields }),
        vote: (pollId: string, voter: string) => post(`/polls/${pollId}/votes`, { choice: 'red', voter }),
        text: (From: string) =>
          post('/webhooks/twilio/sms', new URLSearchParams({ MessageSid: `SM${From}`, From, To: NUMBER, Body: 'red' })),
        close: (pollId: string) => post(`/polls/${pollId}/close`, {}),
        results: async (pollId: string) => JSON.parse((await send({ url: `/polls/${pollId}/results` })).body),
      };
    };
    const start = async (env: Record<string, string> = {}) => {
      const server = await ServerProcess.start({ ...settings, ...env });
      return { server, ...at(server) };
    };
    const run = async (command: readonly string[], env: Record<string, string>) => {
      const [program = '', ...args] = command;
      const server = await ServerProcess.spawn({ ...settings, ...env }, { command: [program, ...args] });
      const { code } = await server.exit;
      return { code, server };
    };
    return {
      start,
      startWith: (env: Record<string, string>) => run([process.execPath, 'dist/server.js'], env),
      replaceKey: (env: Record<string, string>, ...args: string[]) =>
        run([process.execPath, 'dist/voter-key.js', ...(args.length > 0 ? args : ['--replace'])], env),
    };
  }

  const counted = { status: 201, code: undefined };
  const keyChanged = { status: 503, code: 'VOTES_VOTER_KEY_CHANGED' };

  describe('a start with another voter key', () => {
    it('ends with 78 and says what to do, and nothing of the keys; with the same key the service goes on', async () => {
      const store = await newStore();
      const first = await store.start();
      await first.create('p');
      expect(await first.vote('p', 'ann')).toEqual(counted);
      await first.server.stop();

      const { code, server } = await store.startWith(OTHER_KEY);
      expect(code).toBe(78);
      expect(textsAt(server, FATAL)).toEqual([expect.stringMatching(/^VOTER_KEY .*npm run voter-key -- --replace$/)]);
      expect(server.stdout + server.stderr).not.toMatch(/voter key for tests/);
      const again = await store.start();
      expect(await again.vote('p', 'ann')).toMatchObject({ status: 409, code: 'VOTES_ALREADY_VOTED' });
      await again.server.stop();
    }, 60_000);

    it('concerns no worker, which needs none', async () => {
      const store = await newStore();
      await (await store.start()).server.stop();

      const worker = await store.start({ ROLE: 'worker', VOTER_KEY: '' });
      expect(await worker.server.stop()).toEqual({ code: 0, signal: null });
    }, 60_000);

    it('takes no vote and no text where the store answers only later, and says why in the log', async () => {
      const store = await newStore();
      const first = await store.start();
      await first.create('p', { smsNumber: NUMBER });
      expect(await first.text('+15557770001')).toMatchObject({ status: 200 });
      const proxy = await FaultyProxy.start(endpoint);
      proxy.fate = () => 'lose request';

      const other = await store.start({ ...OTHER_KEY, AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint });
      expect(await other.vote('p', 'ann')).toEqual({ status: 503, code: 'STORE_UNAVAILABLE' });
      await eventually(
        () => textsAt(other.server, ERROR),
        (texts) => texts.some((text) => text.startsWith('checking the store failed')),
        20_000,
      );
      proxy.reset();
      expect(await other.vote('p', 'ann')).toEqual(keyChanged);
      expect(await other.text('+15557770001')).toEqual(keyChanged);
      await eventually(
        () => textsAt(other.server, ERROR),
        (texts) => texts.some((text) => text.startsWith('VOTER_KEY is not the key')),
        20_000,
      );
      expect(await first.vote('p', 'ann')).toEqual(counted);
      expect(await other.server.stop()).toEqual({ code: 0, signal: null });
      await Promise.all([first.server.stop(), proxy.stop()]);
    }, 90_000);
  });

  describe('npm run voter-key', () => {
    it('accepts a new key once no poll is open or scheduled, also while a process has the old one', async () => {
      const store = await newStore();
      const old = await store.start();
      await old.create('open');
      await old.create('later', { opensAt: '2100-01-01T00:00:00.000Z' });
      await old.vote('open', 'ann');

      const refused = await store.replaceKey(OTHER_KEY);
      expect(refused.code).toBe(1);
      expect(textsAt(refused.server, FATAL)).toEqual([expect.stringMatching(/: later, open$/)]);
      expect((await store.startWith(OTHER_KEY)).code).toBe(78);

      for (const pollId of ['open', 'later']) await old.close(pollId);
      const replaced = await store.replaceKey(OTHER_KEY);
      expect(replaced).toMatchObject({ code: 0 });
      expect(replaced.server.logs.map(({ msg }) => msg)).toEqual([expect.stringMatching(/^VOTER_KEY is accepted/)]);

      const fresh = await store.start(OTHER_KEY);
      expect(await old.create('next')).toMatchObject({ status: 201 });
      expect(await fresh.vote('next', 'ann')).toEqual(counted);
      expect(await old.vote('next', 'ann')).toEqual(keyChanged);
      expect(await fresh.vote('open', 'bob')).toMatchObject({ code: 'VOTES_POLL_CLOSED' });
      expect((await store.startWith({})).code).toBe(78);
      expect((await store.replaceKey(OTHER_KEY)).code).toBe(0);
      await Promise.all([old.server.stop(), fresh.server.stop()]);
    }, 120_000);

    it('does nothing unless it is told to, and needs the new key', async () => {
      const store = await newStore();
      const unsaid = await store.replaceKey({}, '--');
      expect(unsaid.code).toBe(1);
      expect(textsAt(unsaid.server, FATAL)).toEqual([expect.stringContaining('--replace')]);
      const keyless = await store.replaceKey({ VOTER_KEY: '' });
      expect(keyless.code).toBe(78);
      expect(textsAt(keyless.server, FATAL)).toEqual([expect.stringMatching(/^VOTER_KEY is needed/)]);
    }, 60_000);
  });
});
