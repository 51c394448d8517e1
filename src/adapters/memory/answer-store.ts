import { type Page, type PageRequest, pageFrom, sortKeyIn } from '../../domain/shared/page.ts';
import { type AnswerChange, type BallotAnswers, revisionOf, withAnswers } from '../../domain/votes/answers.ts';
import type { AnswerStore } from '../../ports/votes.ts';
import { type Maps, memoryMaps, type PartitionedMap } from './maps.ts';

/** In front of a ballot in its sort key: a cursor begins with a letter or digit, and a pseudonym need not. */
const PREFIX = '0#';

export class MemoryAnswerStore implements AnswerStore {
  /** By poll. */
  private readonly answers: PartitionedMap<BallotAnswers>;

  constructor(maps: Maps = memoryMaps) {
    this.answers = maps.partitioned('answers');
  }

  async get(pollId: string, ballotId: string): Promise<BallotAnswers | undefined> {
    return this.answers.get(pollId, ballotId);
  }

  async put(change: AnswerChange, ifRevision?: number): Promise<BallotAnswers | undefined> {
    const { pollId, ballotId } = change;
    const before = this.answers.get(pollId, ballotId);
    if (ifRevision !== undefined && ifRevision !== revisionOf(before)) return before;
    const after = withAnswers(before, change);
    if (after && after !== before) this.answers.set(pollId, ballotId, after);
    return after;
  }

  async list(pollId: string, { limit, cursor }: PageRequest): Promise<Page<BallotAnswers>> {
    const behind = cursor === undefined ? '' : sortKeyIn(cursor);
    if (behind > PREFIX && !behind.startsWith(PREFIX)) return { items: [] };
    const read = this.answers.after(pollId, behind.slice(PREFIX.length), limit + 1).map(([, answers]) => answers);
    return pageFrom(read, limit, ({ ballotId }) => `${PREFIX}${ballotId}`);
  }
}
