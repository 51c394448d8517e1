import type { AnswerStore, VoteLedger, VotePseudonyms } from '../../ports/votes.ts';
import type { AnsweredBallot } from './answer-ballot.ts';
import { answersById } from './answers.ts';
import { choiceOf } from './ballot.ts';
import type { Poll } from './poll.ts';

export class FindVote {
  constructor(
    private readonly ledger: VoteLedger,
    private readonly answers: AnswerStore,
    private readonly pseudonyms: VotePseudonyms,
  ) {}

  /**
   * A vote that came over the web, with what was said beside it; `revision` is 0 where nothing was.
   *
   * @param voteId the vote's identity
   * @returns undefined if no such vote was counted
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async execute(poll: Poll, voteId: string): Promise<AnsweredBallot | undefined> {
    const { pollId, questions = [] } = poll;
    const ballotId = this.pseudonyms.ballot(pollId, 'web', voteId);
    const [ballot, said] = await Promise.all([
      this.ledger.find(pollId, ballotId),
      questions.length > 0 ? this.answers.get(pollId, ballotId) : undefined,
    ]);
    if (!ballot) return undefined;
    return {
      choice: choiceOf(poll, ballot),
      answers: answersById(questions, said?.texts ?? []),
      revision: said?.revision ?? 0,
    };
  }
}
