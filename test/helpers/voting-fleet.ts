import { expect } from '@jest/globals';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { makeTables } from '../../src/entrypoints/composition/make-tables.ts';
import { dynamoDbSettings } from './dynamodb-app.ts';
import { authorization, KEY } from './embedded-app.ts';
import type { ResultsAnswer, ResultsModel } from './results-model.ts';
import { ServerProcess } from './server-process.ts';
import { dynamoDbEnv } from './servers/dynamodb-tables.ts';

const json = { 'content-type': 'application/json' };
const CHOICES = ['RED', 'GREEN', 'BLUE'];
/** A process that is stopped, or whose store is silent, must not hold up the test. */
const ANSWER_MS = 5_000;

export interface Member {
  readonly env: Readonly<Record<string, string>>;
  readonly preload?: string;
  server: ServerProcess;
}

/** Processes of the service on one set of tables, with a poll `colors`. */
export class VotingFleet {
  readonly members: Member[] = [];
  private next = 0;

  private constructor(private readonly settings: Readonly<Record<string, string>>) {}

  static async onNewTables(endpoint: string): Promise<VotingFleet> {
    const settings = { ...dynamoDbSettings(endpoint), API_KEYS: `test=${KEY}`, SWEEP_SECONDS: '5' };
    Object.assign(process.env, dynamoDbEnv(endpoint));
    await makeTables(settings, contexts);
    return new VotingFleet(settings);
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

  async createPoll(): Promise<void> {
    const poll = { pollId: 'colors', question: 'Which colour?', choices: CHOICES };
    const answer = await this.ask(this.members[0] as Member, '/polls', poll);
    expect(answer?.status).toBe(201);
  }

  /** Sends a vote until it is answered, to one of the members after the other. */
  async vote(model: ResultsModel, through: readonly Member[]): Promise<void> {
    const number = this.next++;
    const vote = { choice: CHOICES[number % CHOICES.length], voteId: `v${number}` };
    model.voteSent();
    for (let attempt = 0; ; attempt++) {
      const member = through[(number + attempt) % through.length] as Member;
      const answer = await this.ask(member, '/polls/colors/votes', vote);
      if (answer?.status === 201) return model.voteAnswered();
      if (answer && answer.status !== 503) throw new Error(`a vote was answered with ${answer.status}`);
    }
  }

  /** @returns undefined where the member does not answer, or says that it cannot */
  async results(member: Member): Promise<ResultsAnswer | undefined> {
    const answer = await this.ask(member, '/polls/colors/results');
    return answer?.status === 200 ? ((await answer.json()) as ResultsAnswer) : undefined;
  }

  /** Closes the poll, however often it has to be asked. */
  async close(member: Member): Promise<{ readonly audit: Readonly<Record<string, number>> }> {
    for (;;) {
      const answer = await this.ask(member, '/polls/colors/close', {}, 30_000);
      if (answer?.status === 200) return (await answer.json()) as { audit: Record<string, number> };
    }
  }

  async stop(): Promise<void> {
    for (const { server } of this.members) {
      server.kill('SIGCONT');
      expect(await server.stop()).toEqual({ code: 0, signal: null });
    }
  }

  private async ask({ server }: Member, path: string, body?: object, ms = ANSWER_MS): Promise<Response | undefined> {
    const init = body && { method: 'POST', headers: { ...json, ...authorization }, body: JSON.stringify(body) };
    return fetch(server.url + path, { ...init, signal: AbortSignal.timeout(ms) }).catch(() => undefined);
  }
}
