import { expect } from '@jest/globals';
import { Fleet, type Member } from './fleet.ts';
import type { ResultsAnswer, ResultsModel } from './results-model.ts';

const CHOICES = ['RED', 'GREEN', 'BLUE'];

/** Processes of the service on one set of tables, with a poll `colors`. */
export class VotingFleet extends Fleet {
  private next = 0;

  static async onNewTables(endpoint: string): Promise<VotingFleet> {
    return new VotingFleet(await Fleet.settingsOnNewTables(endpoint));
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
}
