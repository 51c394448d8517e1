import type { PollStore } from '../../ports/votes.ts';
import { pollNotFound } from './errors.ts';
import { existingPoll } from './find-polls.ts';
import { type Poll, shardsFor } from './poll.ts';

export class GrowPoll {
  constructor(private readonly polls: PollStore) {}

  /**
   * Spreads further votes of a poll over more shards, also while it is open. Shards are never taken away, and a closed
   * poll stays as it is.
   *
   * @param shards 1 to 1,000; fewer where choices × shards would pass 20,000
   * @throws DomainError `VOTES_POLL_NOT_FOUND`, `STORE_UNAVAILABLE`
   */
  async execute(pollId: string, shards: number): Promise<Poll> {
    const { choices } = await existingPoll(this.polls, pollId);
    const grown = await this.polls.growShards(pollId, shardsFor(choices.length, shards));
    if (!grown) throw pollNotFound(pollId);
    return grown;
  }
}
