import type { Clock } from '../../ports/system.ts';
import type { AnswerStore, PollStore, VoteLedger, VotePseudonyms } from '../../ports/votes.ts';
import { invalidRequest } from '../shared/domain-error.ts';
import { changeIf, type Precondition } from '../shared/precondition.ts';
import { type AnswerChange, answersById, type BallotAnswers, differing, revisionOf } from './answers.ts';
import { choiceOf } from './ballot.ts';
import { ballotNotFound, pollClosed, voterKeyChanged } from './errors.ts';
import { termsOf } from './feedback.ts';
import { existingPoll } from './find-polls.ts';
import { type Poll, pollStatus } from './poll.ts';

export interface AnsweredBallot {
  /** The choice as the poll spells it. */
  readonly choice: string;
  /** All that was said so far, by id of the question. */
  readonly answers: Readonly<Record<string, string>>;
  readonly revision: number;
}

export class AnswerBallot {
  constructor(
    private readonly polls: PollStore,
    private readonly ledger: VoteLedger,
    private readonly answers: AnswerStore,
    private readonly pseudonyms: VotePseudonyms,
    private readonly clock: Clock,
  ) {}

  /**
   * Keeps answers to questions of a poll beside a vote that came over the web. Questions that are not named keep their
   * answers, and an empty text takes an answer back. A repeat changes nothing.
   *
   * @param voteId the vote's identity: who knows it may answer
   * @param answers texts by id of the question
   * @param precondition what must hold of the answers that are there, or nothing is changed
   * @throws DomainError `VOTES_POLL_NOT_FOUND`, `INVALID_REQUEST` (a question that the poll does not ask),
   * `VOTES_BALLOT_NOT_FOUND`, `VOTES_POLL_CLOSED`, `VOTES_VOTER_KEY_CHANGED`, `PRECONDITION_FAILED`, `STORE_UNAVAILABLE`
   */
  async execute(
    pollId: string,
    voteId: string,
    answers: Readonly<Record<string, string>>,
    precondition?: Precondition<BallotAnswers>,
  ): Promise<AnsweredBallot> {
    const poll = await existingPoll(this.polls, pollId);
    const { questions = [] } = poll;
    const texts = textsIn(poll, answers);
    if (poll.voterKey !== undefined && poll.voterKey !== this.pseudonyms.keyFingerprint) throw voterKeyChanged(pollId);
    const ballot = await this.ledger.find(pollId, this.pseudonyms.ballot(pollId, 'web', voteId));
    if (!ballot) throw ballotNotFound(pollId);
    const now = this.clock.now();
    if (pollStatus(poll, now) === 'closed') throw pollClosed(pollId);
    const { ballotId, choices } = ballot;
    const terms = termsOf(poll);
    const change = { pollId, ballotId, choices, texts, changedAt: now, ...(terms ? { terms } : {}) };
    const kept = precondition ? await this.putIf(precondition, change) : await this.answers.put(change);
    return {
      choice: choiceOf(poll, ballot),
      answers: answersById(questions, kept?.texts ?? []),
      revision: revisionOf(kept),
    };
  }

  private async putIf(
    precondition: Precondition<BallotAnswers>,
    change: AnswerChange,
  ): Promise<BallotAnswers | undefined> {
    const { kept } = await changeIf(
      precondition,
      () => this.answers.get(change.pollId, change.ballotId),
      async (seen) => {
        const kept = await this.answers.put(change, revisionOf(seen));
        // Also where the answer of the store was lost and its client has asked again.
        const isMade = differing(kept, change.texts).length === 0 && revisionOf(kept) <= revisionOf(seen) + 1;
        return isMade ? { kept } : undefined;
      },
    );
    return kept;
  }
}

function textsIn({ questions = [] }: Poll, answers: Readonly<Record<string, string>>): AnswerChange['texts'] {
  const indexes = new Map(questions.map(({ id }, index) => [id, index]));
  const issues = Object.keys(answers)
    .filter((id) => !indexes.has(id))
    .map((id) => ({ path: `answers.${id}`, message: 'is not a question of this poll' }));
  if (issues.length > 0) throw invalidRequest(...issues);
  return Object.entries(answers).map(([id, text]) => [indexes.get(id) as number, text]);
}
