import { expect } from '@jest/globals';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { dynamoDbSettings } from './dynamodb-app.ts';
import { authorization, KEY } from './embedded-app.ts';
import { ServerProcess } from './server-process.ts';
import { dynamoDbEnv } from './servers/dynamodb-tables.ts';

const json = { 'content-type': 'application/json' };
/** A process that is stopped, or whose store is silent, must not hold up the test. */
const ANSWER_MS = 5_000;

export interface Member {
  readonly env: Readonly<Record<string, string>>;
  readonly preload?: string;
  server: ServerProcess;
}

/** Processes of the service on one set of tables. */
export class Fleet {
  readonly members: Member[] = [];

  protected constructor(protected readonly settings: Readonly<Record<string, string>>) {}

  /** Makes the tables. @returns the settings of every member */
  protected static async settingsOnNewTables(endpoint: string): Promise<Readonly<Record<string, string>>> {
    const settings = { ...dynamoDbSettings(endpoint), API_KEYS: `test=${KEY}`, SWEEP_SECONDS: '5' };
    Object.assign(process.env, dynamoDbEnv(endpoint));
    await makeTables(settings);
    return settings;
  }

  async add(env: Readonly<Record<string, string>> = {}, preload?: string): Promise<Member> {
    const server = await ServerProcess.start({ ...this.settings, ...env }, { preload });
    const member = { env, preload, server };
    this.members.push(member);
    return member;
  }

  async killAndRestart(member: Member): Promise<void> {
    member.server.kill('SIGKILL');
    await member.server.exit;
    member.server = await ServerProcess.start({ ...this.settings, ...member.env }, { preload: member.preload });
  }

  async stop(): Promise<void> {
    for (const { server } of this.members) {
      server.kill('SIGCONT');
      expect(await server.stop()).toEqual({ code: 0, signal: null });
    }
  }

  readonly authorization = authorization;

  /** A POST, or a GET where there is no body. @returns undefined where the member does not answer in time */
  async ask({ server }: Member, path: string, body?: object, ms = ANSWER_MS): Promise<Response | undefined> {
    const post = body && { method: 'POST', body: JSON.stringify(body) };
    const init = { headers: { ...(body ? json : {}), ...authorization }, ...post, signal: AbortSignal.timeout(ms) };
    return fetch(server.url + path, init).catch(() => undefined);
  }
}
