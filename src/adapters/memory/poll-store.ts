import type { Page, PageRequest } from '../../domain/shared/page.ts';
import { numberTaken, pollExists } from '../../domain/votes/errors.ts';
import { type Poll, pollStatus } from '../../domain/votes/poll.ts';
import type { PollStore } from '../../ports/votes.ts';
import { pageOf } from './pages.ts';

export class MemoryPollStore implements PollStore {
  private readonly polls = new Map<string, Poll>();
  /** The newest poll of each number. */
  private readonly pollIdByNumber = new Map<string, string>();

  /** @param polls what the store holds from the start */
  constructor(polls: readonly Poll[] = []) {
    for (const poll of [...polls].sort(newestFirst).reverse()) this.keep(poll);
  }

  async create(poll: Poll): Promise<void> {
    if (this.polls.has(poll.pollId)) throw pollExists(poll.pollId);
    if (poll.smsNumber !== undefined) {
      const holder = this.holderOf(poll.smsNumber);
      if (holder && pollStatus(holder, poll.createdAt) !== 'closed') throw numberTaken(poll.smsNumber);
    }
    this.keep(poll);
  }

  async get(pollId: string): Promise<Poll | undefined> {
    return this.polls.get(pollId);
  }

  async list(page: PageRequest): Promise<Page<Poll>> {
    return pageOf([...this.polls.values()].sort(newestFirst), ({ pollId }) => pollId, page);
  }

  async newestByNumber(smsNumber: string): Promise<Poll | undefined> {
    return this.holderOf(smsNumber);
  }

  async close(pollId: string, closedAt: number): Promise<Poll | undefined> {
    const poll = this.polls.get(pollId);
    if (!poll || poll.closedAt !== undefined) return poll;
    const closed = { ...poll, closedAt };
    this.polls.set(pollId, closed);
    return closed;
  }

  async growShards(pollId: string, shards: number): Promise<Poll | undefined> {
    const poll = this.polls.get(pollId);
    if (!poll || poll.closedAt !== undefined || poll.shards >= shards) return poll;
    const grown = { ...poll, shards };
    this.polls.set(pollId, grown);
    return grown;
  }

  async listDue(now: number): Promise<readonly Poll[]> {
    return [...this.polls.values()].filter(
      (poll) => poll.closedAt === undefined && poll.closesAt !== undefined && poll.closesAt <= now,
    );
  }

  private keep(poll: Poll): void {
    this.polls.set(poll.pollId, poll);
    if (poll.smsNumber !== undefined) this.pollIdByNumber.set(poll.smsNumber, poll.pollId);
  }

  private holderOf(smsNumber: string): Poll | undefined {
    return this.polls.get(this.pollIdByNumber.get(smsNumber) ?? '');
  }
}

const newestFirst = (one: Poll, other: Poll): number =>
  other.createdAt - one.createdAt || (other.pollId > one.pollId ? 1 : -1);
