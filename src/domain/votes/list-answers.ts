import type { AnswerStore } from '../../ports/votes.ts';
import { type Page, type PageRequest, pagesOf } from '../shared/page.ts';
import type { AnsweredBallot } from './answer-ballot.ts';
import { answersById, type BallotAnswers } from './answers.ts';
import { ballotName, choiceOf } from './ballot.ts';
import type { Poll } from './poll.ts';

/** Answers as they are reported; `ballot` is the vote's {@link ballotName}. */
export type ReportedAnswers = AnsweredBallot & { readonly ballot: string };

/** How many are read at once where all are wanted. */
const AT_ONCE = 100;

export class ListAnswers {
  constructor(private readonly answers: AnswerStore) {}

  /**
   * Ballots of a poll beside which something was said, in an order that means nothing.
   *
   * @throws DomainError `INVALID_REQUEST` for a bad cursor, `STORE_UNAVAILABLE`
   */
  async page(poll: Poll, page: PageRequest): Promise<Page<ReportedAnswers>> {
    const { items, ...next } = await this.answers.list(poll.pollId, page);
    return { items: items.map((answers) => reported(poll, answers)), ...next };
  }

  /** All of them, each as soon as it is read. @throws DomainError `STORE_UNAVAILABLE` */
  async *all(poll: Poll): AsyncGenerator<ReportedAnswers> {
    for await (const items of pagesOf((cursor) => this.page(poll, { limit: AT_ONCE, ...(cursor ? { cursor } : {}) })))
      yield* items;
  }
}

const reported = (poll: Poll, { ballotId, choices, texts, revision }: BallotAnswers): ReportedAnswers => ({
  ballot: ballotName(ballotId),
  choice: choiceOf(poll, { choices }),
  answers: answersById(poll.questions ?? [], texts),
  revision,
});
