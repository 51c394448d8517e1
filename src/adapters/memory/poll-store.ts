import type { Page, PageRequest } from '../../domain/shared/page.ts';
import { sortable } from '../../domain/shared/sortable.ts';
import { numberTaken, pollExists, pollNotFound } from '../../domain/votes/errors.ts';
import { type Audit, firstDueAt, overlaps, type Poll, pollsToKeep } from '../../domain/votes/poll.ts';
import type { DuePoll, PhoneNumber, PollStore } from '../../ports/votes.ts';
import { type Maps, memoryMaps } from './maps.ts';
import { pageOf } from './pages.ts';

export class MemoryPollStore implements PollStore {
  private readonly polls: Map<string, Poll>;
  private readonly numbers: Map<string, PhoneNumber>;
  /** By {@link dueKey}. */
  private readonly due: Map<string, DuePoll>;

  /** @param polls what the store holds from the start */
  constructor(polls: readonly Poll[] = [], maps: Maps = memoryMaps) {
    this.polls = maps.map('polls');
    this.numbers = maps.map('poll-numbers');
    this.due = maps.map('due-polls');
    for (const poll of [...polls].sort((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1))) this.keep(poll);
  }

  async create(poll: Poll): Promise<void> {
    if (this.polls.has(poll.pollId)) throw pollExists(poll.pollId);
    if (poll.smsNumber !== undefined && this.ofNumber(poll.smsNumber).some((other) => overlaps(poll, other)))
      throw numberTaken(poll.smsNumber);
    this.keep(poll);
  }

  async get(pollId: string): Promise<Poll | undefined> {
    return this.polls.get(pollId);
  }

  async getMany(pollIds: readonly string[]): Promise<readonly Poll[]> {
    return pollIds.flatMap((pollId) => this.polls.get(pollId) ?? []);
  }

  async list(page: PageRequest): Promise<Page<Poll>> {
    return pageOf(this.polls.values(), sortKey, page, 'descending');
  }

  async findNumber(smsNumber: string): Promise<PhoneNumber | undefined> {
    return this.numbers.get(smsNumber);
  }

  async close(
    pollId: string,
    { closedAt, closedBy, withoutRegions }: Parameters<PollStore['close']>[1],
  ): Promise<Poll> {
    const poll = this.existing(pollId);
    const closed = {
      ...poll,
      closedAt: poll.closedAt ?? closedAt,
      closedBy: poll.closedBy ?? closedBy,
      ...(withoutRegions.length > 0
        ? { withoutRegions: [...new Set([...(poll.withoutRegions ?? []), ...withoutRegions])] }
        : {}),
    };
    this.polls.set(pollId, closed);
    return closed;
  }

  async finish(pollId: string, audit: Audit): Promise<Poll> {
    const poll = this.existing(pollId);
    if (poll.audit && poll.audit.at > audit.at) return poll;
    const finished = { ...poll, audit };
    this.polls.set(pollId, finished);
    return finished;
  }

  async growShards(pollId: string, shards: number): Promise<Poll | undefined> {
    const poll = this.polls.get(pollId);
    if (!poll || poll.closedAt !== undefined || poll.shards >= shards) return poll;
    const grown = { ...poll, shards };
    this.polls.set(pollId, grown);
    return grown;
  }

  async schedule(due: DuePoll): Promise<void> {
    this.due.set(dueKey(due), due);
  }

  async listDue(now: number): Promise<readonly DuePoll[]> {
    return [...this.due.values()].filter(({ dueAt }) => dueAt <= now).sort((one, other) => one.dueAt - other.dueAt);
  }

  async postpone(due: DuePoll, later: number | undefined): Promise<boolean> {
    if (!this.due.delete(dueKey(due))) return false;
    if (later !== undefined) await this.schedule({ pollId: due.pollId, dueAt: later });
    return true;
  }

  private keep(poll: Poll): void {
    const { pollId, smsNumber, createdAt } = poll;
    this.polls.set(pollId, poll);
    const due = { pollId, dueAt: firstDueAt(poll) };
    this.due.set(dueKey(due), due);
    if (smsNumber === undefined) return;
    const kept = pollsToKeep(this.ofNumber(smsNumber), createdAt).map(({ pollId }) => pollId);
    const firstPollId = this.numbers.get(smsNumber)?.firstPollId ?? pollId;
    this.numbers.set(smsNumber, { pollIds: [...kept, pollId], firstPollId });
  }

  private ofNumber(smsNumber: string): readonly Poll[] {
    return (this.numbers.get(smsNumber)?.pollIds ?? []).flatMap((pollId) => this.polls.get(pollId) ?? []);
  }

  /** @throws DomainError `VOTES_POLL_NOT_FOUND` */
  private existing(pollId: string): Poll {
    const poll = this.polls.get(pollId);
    if (!poll) throw pollNotFound(pollId);
    return poll;
  }
}

const sortKey = ({ createdAt, pollId }: Poll): string => `${sortable(createdAt)}#${pollId}`;

const dueKey = ({ pollId, dueAt }: DuePoll): string => `${pollId}#${dueAt}`;
