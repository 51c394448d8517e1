import type { PollStore } from '../../ports/votes.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import { pollNotFound } from './errors.ts';
import type { Poll } from './poll.ts';

export class FindPolls {
  constructor(private readonly polls: PollStore) {}

  /** @throws DomainError `VOTES_POLL_NOT_FOUND`, `STORE_UNAVAILABLE` */
  byId(pollId: string): Promise<Poll> {
    return existingPoll(this.polls, pollId);
  }

  /** Newest first. @throws DomainError `INVALID_REQUEST` for a bad cursor, `STORE_UNAVAILABLE` */
  list(page: PageRequest): Promise<Page<Poll>> {
    return this.polls.list(page);
  }
}

/** @throws DomainError `VOTES_POLL_NOT_FOUND`, `STORE_UNAVAILABLE` */
export async function existingPoll(polls: Pick<PollStore, 'get'>, pollId: string): Promise<Poll> {
  const poll = await polls.get(pollId);
  if (!poll) throw pollNotFound(pollId);
  return poll;
}
