import { OUTAGE_SECONDS, type Reaction } from '../shared/reaction.ts';
import type { Notice, NoticeTerms, Told } from './notice.ts';
import type { Poll } from './poll.ts';

/** A counted vote, or what was said beside it, as a change stream carries it. */
export type FeedbackChange = {
  readonly pollId: string;
  readonly ballotId: string;
  readonly terms: NoticeTerms;
} & (
  | {
      readonly kind: 'ballot';
      readonly region: string;
      /** Epoch ms. */
      readonly acceptedAt: number;
    }
  | {
      readonly kind: 'answers';
      readonly revision: number;
      /** Epoch ms. */
      readonly changedAt: number;
      readonly notice?: Notice;
    }
);

/** The payload of an effect: a feedback, and since when the receiver has something to hear of it, epoch ms. */
export interface FeedbackRef {
  readonly pollId: string;
  readonly ballotId: string;
  readonly since: number;
}

/** A feedback as its receiver is told it. */
export interface Feedback {
  /** The same for every attempt to tell of this revision, and for no other feedback. */
  readonly id: string;
  /** The pseudonym of the vote. */
  readonly ballot: string;
  /** Tells voters of one poll apart, and no more. */
  readonly voter: string;
  readonly choice: string;
  /** Without those that are empty. */
  readonly answers: readonly { readonly id: string; readonly question: string; readonly text: string }[];
  readonly revision: number;
  /** When it last changed, epoch ms. */
  readonly settledAt: number;
  /** What the receiver knows of it for certain. */
  readonly told?: Told;
  /** Whether the receiver may have been told before, by an attempt whose end nobody knows. */
  readonly mayBeRepeat: boolean;
}

/** The queues in which feedback waits, by receiver. */
export const FEEDBACK_QUEUES = { slack: 'feedback-slack', url: 'feedback-url' } as const;

export const termsOf = ({ notify }: Pick<Poll, 'notify'>): NoticeTerms | undefined =>
  notify && {
    receiver: notify.slack ? 'slack' : 'url',
    quietSeconds: notify.quietSeconds,
    maxSeconds: notify.maxSeconds,
  };

/** One id for all attempts to tell of one revision. A pseudonym of a ballot has 43 characters. */
export const feedbackId = (ballotId: string, revision: number): string => `fb-${ballotId}-${revision}`;

/**
 * A vote is to be told of, once. What is said before that is told with it, and costs nothing; what is said afterwards is
 * to be told of, too:
 *
 *     vote ─ effect 0 ─ answers 1, 2 ──── due: sends 2 ─ told 2 ─ answers 3 ─ effect 3
 *     vote ─ effect 0 ─ answers 1 ─ due: sends 1 ─ answers 2 ─ told 1, with 2 beside it ─ effect 2
 *
 * The stream of a table that several regions share shows each of them the votes of all: a feedback is told from one.
 */
export const feedbackReaction =
  (region: string): Reaction<FeedbackChange> =>
  (change) => {
    if (change.kind === 'ballot') return change.region === region ? [effectOf(change, 0, change.acceptedAt)] : [];
    const { notice, revision, changedAt } = change;
    if (notice?.region !== region || !notice.told || notice.sending || notice.told.revision >= revision) return [];
    return [effectOf(change, revision, changedAt)];
  };

const effectOf = ({ pollId, ballotId, terms }: FeedbackChange, revision: number, since: number) => ({
  id: feedbackId(ballotId, revision),
  queue: FEEDBACK_QUEUES[terms.receiver],
  payload: { pollId, ballotId, since } satisfies FeedbackRef,
  delaySeconds: terms.quietSeconds,
  expiresInSeconds: terms.maxSeconds + OUTAGE_SECONDS,
});
