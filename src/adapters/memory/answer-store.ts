import { type Page, type PageRequest, pageFrom, sortKeyIn } from '../../domain/shared/page.ts';
import { type AnswerChange, type BallotAnswers, revisionOf, withAnswers } from '../../domain/votes/answers.ts';
import type { FeedbackChange } from '../../domain/votes/feedback.ts';
import type { Notice } from '../../domain/votes/notice.ts';
import type { AnswerStore } from '../../ports/votes.ts';
import { MemoryChangeFeed } from './change-feed.ts';
import { itemOf, partsOf } from './items.ts';
import { type Maps, memoryMaps, type PartitionedMap } from './maps.ts';

/** In front of a ballot in its sort key: a cursor begins with a letter or digit, and a pseudonym need not. */
const PREFIX = '0#';

export class MemoryAnswerStore implements AnswerStore {
  /** By poll. */
  private readonly answers: PartitionedMap<BallotAnswers>;
  private readonly notices: PartitionedMap<Notice>;

  /** @param feed of what is said and told in polls whose feedback somebody is told of */
  constructor(
    maps: Maps = memoryMaps,
    private readonly feed = new MemoryChangeFeed<FeedbackChange>(),
  ) {
    this.answers = maps.partitioned('answers');
    this.notices = maps.partitioned('notices');
    feed.readBy((item) => this.change(...partsOf(item)));
  }

  async get(pollId: string, ballotId: string): Promise<BallotAnswers | undefined> {
    const answers = this.answers.get(pollId, ballotId);
    const notice = this.notices.get(pollId, ballotId);
    if (!notice) return answers;
    return { ...(answers ?? { pollId, ballotId, choices: [], texts: [], revision: 0, changedAt: 0 }), notice };
  }

  async mark({ pollId, ballotId, notice }: Parameters<AnswerStore['mark']>[0]): Promise<boolean> {
    if ((this.notices.get(pollId, ballotId)?.version ?? 0) !== notice.version - 1) return false;
    this.notices.set(pollId, ballotId, notice);
    // Where nothing was said, there is nothing more to tell.
    if (this.answers.get(pollId, ballotId)) this.feed.append(itemOf(pollId, ballotId));
    return true;
  }

  async put(change: AnswerChange, ifRevision?: number): Promise<BallotAnswers | undefined> {
    const { pollId, ballotId } = change;
    const before = this.answers.get(pollId, ballotId);
    if (ifRevision !== undefined && ifRevision !== revisionOf(before)) return before;
    const after = withAnswers(before, change);
    if (after && after !== before) {
      this.answers.set(pollId, ballotId, after);
      if (after.terms) this.feed.append(itemOf(pollId, ballotId));
    }
    return after;
  }

  private change(pollId: string, ballotId: string): FeedbackChange {
    const { terms, revision, changedAt } = this.answers.get(pollId, ballotId) as Required<BallotAnswers>;
    const notice = this.notices.get(pollId, ballotId);
    return { kind: 'answers', pollId, ballotId, terms, revision, changedAt, ...(notice ? { notice } : {}) };
  }

  async list(pollId: string, { limit, cursor }: PageRequest): Promise<Page<BallotAnswers>> {
    const behind = cursor === undefined ? '' : sortKeyIn(cursor);
    if (behind > PREFIX && !behind.startsWith(PREFIX)) return { items: [] };
    const read = this.answers.after(pollId, behind.slice(PREFIX.length), limit + 1).map(([, answers]) => answers);
    return pageFrom(read, limit, ({ ballotId }) => `${PREFIX}${ballotId}`);
  }
}
