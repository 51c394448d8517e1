import type { Clock } from '../../ports/system.ts';
import type { PollStore, VotePseudonyms, VoterKeys } from '../../ports/votes.ts';
import { pagesOf } from '../shared/page.ts';
import { pollStatus } from './poll.ts';

export type VoterKeyReplacement =
  | { readonly kind: 'replaced' }
  /** This key was the stored one already. */
  | { readonly kind: 'unchanged' }
  /** These polls are open or scheduled. */
  | { readonly kind: 'refused'; readonly pollIds: readonly string[] };

export class ReplaceVoterKey {
  constructor(
    private readonly polls: PollStore,
    private readonly voterKeys: VoterKeys,
    private readonly pseudonyms: VotePseudonyms,
    private readonly clock: Clock,
  ) {}

  /**
   * Has polls that are created from now on take votes under the key of this process. Each poll names its own key, so
   * neither a process that goes on with the key before nor a poll that is created meanwhile can count a voter twice:
   *
   *     replace:  no poll is open ─────────────────────── store key 2
   *     create:        key 1 is stored ─ poll of key 1 ┘  takes votes from processes with key 1 alone
   *
   * @throws DomainError `STORE_UNAVAILABLE`; may be repeated
   */
  async execute(): Promise<VoterKeyReplacement> {
    const { keyFingerprint } = this.pseudonyms;
    if ((await this.voterKeys.putFirst(keyFingerprint)) === keyFingerprint) return { kind: 'unchanged' };
    const pollIds: string[] = [];
    for await (const polls of pagesOf((cursor) => this.polls.list({ limit: 100, cursor })))
      for (const poll of polls) if (pollStatus(poll, this.clock.now()) !== 'closed') pollIds.push(poll.pollId);
    if (pollIds.length > 0) return { kind: 'refused', pollIds };
    await this.voterKeys.replace(keyFingerprint);
    return { kind: 'replaced' };
  }
}
