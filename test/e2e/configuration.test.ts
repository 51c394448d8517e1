import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { ServerProcess } from '../helpers/server-process.ts';

const FATAL = 60;

const fatalIn = ({ logs }: ServerProcess): readonly string[] =>
  logs.filter(({ level }) => level === FATAL).map(({ msg }) => msg);

describe('wrong configuration', () => {
  it('ends the process with 78 after naming every bad setting at once, in JSON lines alone', async () => {
    const bad = {
      PORT: 'abc',
      API_KEYS: 'admin=too-short',
      VOTER_KEY: 'short',
      LOG_LEVEL: 'loud',
      STORAGE: 'paper',
      SWEEP_SECONDS: '0',
      VOTE_SHARDS: '1001',
      SMS_DEFAULT_POLL: 'no spaces',
      PUBLIC_BASE_URL: 'ftp://example.org',
    };
    const server = await ServerProcess.spawn(bad);

    expect(await server.exit).toEqual({ code: 78, signal: null });
    expect(server.noise).toBe('');
    expect(server.logs.map(({ msg }) => msg.split(' ')[0]).sort()).toEqual(Object.keys(bad).sort());
    expect(server.logs.every(({ level }) => level === FATAL)).toBe(true);
  });

  it('names a rule between settings that is broken beside a bad setting', async () => {
    const server = await ServerProcess.spawn({ PORT: '65536', TWILIO_AUTH_TOKEN: 'a-token' });

    expect(await server.exit).toEqual({ code: 78, signal: null });
    expect(server.logs.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^PORT must be a whole number/),
      expect.stringMatching(/^TWILIO_AUTH_TOKEN needs PUBLIC_BASE_URL/),
    ]);
  });

  it('names every setting that a shared store needs, each once, beside one that is bad', async () => {
    const server = await ServerProcess.spawn({ STORAGE: 'dynamodb', API_KEYS: 'admin=too-short' });

    expect(await server.exit).toEqual({ code: 78, signal: null });
    expect(server.logs.map(({ msg }) => msg.split(' ')[0]).sort()).toEqual(['API_KEYS', 'AWS_REGION', 'VOTER_KEY']);
  });

  it.each([
    ['PORT', '-1'],
    ['PORT', '8080 '],
    ['PORT', '1e3'],
    ['API_KEYS', 'admin'],
    ['API_KEYS', `admin=${'k'.repeat(129)}`],
    ['API_KEYS', 'admin=0123456789abcdef,'],
    ['VOTER_KEY', 'fifteen letters'],
    ['PUBLIC_BASE_URL', 'votes.example.org'],
    ['PUBLIC_BASE_URL', 'https:votes.example.org'],
    ['PUBLIC_BASE_URL', 'https://votes.example.org?a=1'],
    ['PUBLIC_BASE_URL', 'https://votes.example.org,'],
    ['RUNNER_HOSTS', 'https://jobs.example.org'],
    ['RUNNER_HOSTS', '10.0.0.0/33'],
  ])('refuses %s=%j without repeating the value', async (name, value) => {
    const server = await ServerProcess.spawn({ [name]: value });

    expect(await server.exit).toEqual({ code: 78, signal: null });
    expect(server.logs).toHaveLength(1);
    expect(server.logs[0]?.msg).toMatch(new RegExp(`^${name} must `));
    expect(server.logs[0]?.msg).not.toContain(value);
  });

  it('names every bad item of a list by its place', async () => {
    const PUBLIC_BASE_URL = 'ftp://a.example.org, https://b.example.org, c.example.org';
    const server = await ServerProcess.spawn({ PUBLIC_BASE_URL, PORT: 'x' });

    expect(await server.exit).toEqual({ code: 78, signal: null });
    expect(server.logs.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^PORT must be/),
      expect.stringMatching(/^PUBLIC_BASE_URL must be an address .*\(item 1, 3 of 3\)$/),
    ]);
  });

  it('takes an empty setting as unset', async () => {
    const server = await ServerProcess.start({ HOST: '', API_KEYS: '', TWILIO_AUTH_TOKEN: '', VOTE_SHARDS: '' });

    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('an address that cannot be had', () => {
  it('says that the port is in use and ends the process with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1').unref();
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;

    const server = await ServerProcess.spawn({ PORT: String(port) });

    expect(await server.exit).toEqual({ code: 1, signal: null });
    expect(server.noise).toBe('');
    expect(fatalIn(server)).toEqual([
      expect.stringMatching(new RegExp(`127\\.0\\.0\\.1 port ${port}\\. Another program listens there.*PORT`)),
    ]);
  });

  it('says that an address is not one of this machine', async () => {
    const server = await ServerProcess.spawn({ HOST: '192.0.2.1' });

    expect(await server.exit).toEqual({ code: 1, signal: null });
    expect(server.noise).toBe('');
    expect(fatalIn(server)).toEqual([expect.stringContaining('HOST is not an address')]);
  });
});
