import type { Clock, Ids } from '../../ports/system.ts';
import type { AnswerStore, Delivery, FeedbackReceiver, PollStore, VoteLedger } from '../../ports/votes.ts';
import { concurrently } from '../shared/concurrently.ts';
import type { BallotAnswers } from './answers.ts';
import { type Ballot, ballotName, choiceOf } from './ballot.ts';
import { type Feedback, type FeedbackRef, feedbackId, termsOf } from './feedback.ts';
import type { Notice, Told } from './notice.ts';
import type { Notify, Poll } from './poll.ts';

export type NoticeOutcome =
  | { readonly kind: 'done'; readonly remark?: string }
  /** Not yet: to be asked again after so long. */
  | { readonly kind: 'later'; readonly delayMs: number; readonly reason: string }
  | { readonly kind: 'retry'; readonly error: string }
  /** To be looked at by people. */
  | { readonly kind: 'failed'; readonly error: string };

/** With more than this that are due at once, one message tells of all. */
export const MAX_SINGLE = 20;
/** Characters of a pseudonym that tell voters apart. */
const VOTER_LENGTH = 6;
/** The wait after another process was faster, ms. */
const BUSY_MS = 2_000;
/** The longest call of a receiver, ms, with some room: a message is changed, and then posted as a new one. */
const CALL_MS = 20_000;
/** How long an attempt may take, ms. No call begins that might end later. */
const ATTEMPT_MS = CALL_MS + 10_000;
const READS_AT_ONCE = 10;

/** A feedback that is due, with what the store said of its notice. */
interface Due {
  readonly ballot: Ballot;
  readonly feedback: Feedback;
  readonly notice: Notice | undefined;
}

/** Tells the receiver of a poll about feedback that has settled. */
export class NotifyFeedback {
  constructor(
    private readonly polls: PollStore,
    private readonly ledger: VoteLedger,
    private readonly answers: AnswerStore,
    private readonly receiver: FeedbackReceiver,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Tells of the first feedback if it is due; of all that are due, in Slack and where those are more than
   * {@link MAX_SINGLE}. Before it
   * sends, it stores that it does, and until when, under the condition that nobody else has: who finds that and no end of it
   * waits until then, and says that the message may be a repeat.
   *
   *     A:  sending ─ POST ─ (dies)
   *     B:       later                 until is over: sending ─ POST, as a possible repeat ─ told
   *
   * A process that was stopped in between for so long that others need not wait for it any more sends nothing:
   *
   *     A:  sending ─ (stopped)                                        ─ looks at the clock: later
   *     B:                       until is over: sending ─ POST ─ told
   *
   * @param pollId the poll of all of them
   * @returns what became of each, in order
   * @throws DomainError `STORE_UNAVAILABLE`: the same may be asked again
   */
  async execute(pollId: string, refs: readonly FeedbackRef[]): Promise<readonly NoticeOutcome[]> {
    const poll = await this.polls.get(pollId);
    const notify = poll?.notify;
    if (!poll || !notify) return refs.map(() => ({ kind: 'failed', error: 'The poll tells nobody of its feedback.' }));
    const looked = await concurrently(READS_AT_ONCE, refs, (ref) => this.look(poll, notify, ref));
    const due = looked.flatMap((each) => ('kind' in each ? [] : [each]));
    const isDigest = notify.slack === true && due.length > MAX_SINGLE;
    const chosen = new Set(isDigest ? due : due.slice(0, 1));
    const begun = new Map<Due, Notice>();
    const until = this.clock.now() + ATTEMPT_MS;
    await concurrently(READS_AT_ONCE, [...chosen], async (each) => {
      const notice = await this.mark(poll, each, each.notice, {
        told: each.notice?.told,
        sending: { until },
      });
      if (notice) begun.set(each, notice);
    });
    const isLate = this.clock.now() > until - CALL_MS;
    const delivery =
      begun.size > 0 && !isLate
        ? await this.receiver.tell(
            notify,
            poll,
            [...begun.keys()].map(({ feedback }) => feedback),
          )
        : undefined;
    return concurrently(READS_AT_ONCE, looked, async (each): Promise<NoticeOutcome> => {
      if ('kind' in each) return each;
      if (!chosen.has(each)) return { kind: 'later', delayMs: 0, reason: 'Others were told of before.' };
      const notice = begun.get(each);
      if (!notice) return { kind: 'later', delayMs: BUSY_MS, reason: 'Another process is telling of it.' };
      if (!delivery) {
        await this.takeBack(poll, each, notice);
        return { kind: 'later', delayMs: BUSY_MS, reason: 'It took too long to begin.' };
      }
      return this.end(poll, each, notice, delivery);
    });
  }

  /** @returns what is to be told of, or why nothing is now */
  private async look(poll: Poll, notify: Notify, { ballotId, since }: FeedbackRef): Promise<Due | NoticeOutcome> {
    const [ballot, answers] = await Promise.all([
      this.ledger.find(poll.pollId, ballotId),
      this.answers.get(poll.pollId, ballotId),
    ]);
    if (!ballot) return { kind: 'failed', error: 'There is no such vote.' };
    const { notice, revision = 0 } = answers ?? {};
    if (notice?.told && notice.told.revision >= revision) return { kind: 'done', remark: 'It was told before.' };
    const now = this.clock.now();
    if (notice?.sending && notice.sending.until > now)
      return { kind: 'later', delayMs: notice.sending.until - now, reason: 'An attempt to tell of it may go on.' };
    const feedback = feedbackOf(poll, ballot, answers);
    const dueAt = Math.min(feedback.settledAt + notify.quietSeconds * 1_000, since + notify.maxSeconds * 1_000);
    const delayMs = dueAt - now;
    if (delayMs > 0) return { kind: 'later', delayMs, reason: 'It has not settled yet.' };
    return { ballot, feedback, notice };
  }

  private async end(poll: Poll, due: Due, begun: Notice, delivery: Delivery): Promise<NoticeOutcome> {
    switch (delivery.kind) {
      case 'told':
        return this.endTold(poll, due, begun, delivery.reference);
      case 'wait':
        await this.takeBack(poll, due, begun);
        return { kind: 'later', delayMs: delivery.retryAfterMs, reason: delivery.error };
      case 'refused':
        await this.takeBack(poll, due, begun);
        return { kind: 'failed', error: delivery.error };
      case 'unreached':
        await this.takeBack(poll, due, begun);
        return { kind: 'retry', error: delivery.error };
      case 'unknown':
        // This attempt is over, and the next need not wait for it.
        await this.mark(poll, due, begun, { told: due.notice?.told, sending: { until: this.clock.now() } });
        return { kind: 'retry', error: delivery.error };
    }
  }

  /**
   * Whoever was stopped within a call may have put an older text over a newer one, which is then to be put there again:
   *
   *     A:  sending ─ (stopped)                                    changes the message to 1 ─ told 1 is refused ─ told 1, retry
   *     B:                       sending ─ changes it to 2 ─ told 2
   */
  private async endTold(poll: Poll, due: Due, begun: Notice, reference: string | undefined): Promise<NoticeOutcome> {
    const told: Told = { revision: due.feedback.revision, ...(reference === undefined ? {} : { reference }) };
    if (await this.mark(poll, due, begun, { told })) return { kind: 'done' };
    const { notice } = (await this.answers.get(poll.pollId, due.ballot.ballotId)) ?? {};
    if (reference !== undefined && notice?.told?.reference === reference && notice.told.revision > told.revision)
      await this.mark(poll, due, notice, { told, sending: notice.sending });
    return { kind: 'retry', error: 'Another process told of it at the same time.' };
  }

  /** Nothing came of an attempt. What is not known of one before it is not known now. */
  private takeBack(poll: Poll, due: Due, begun: Notice): Promise<Notice | undefined> {
    return this.mark(poll, due, begun, due.notice ?? {});
  }

  /** @returns the notice as it is now, or undefined if it is another one than was seen */
  private async mark(
    poll: Poll,
    { ballot }: Due,
    seen: Notice | undefined,
    { told, sending }: { readonly told?: Told | undefined; readonly sending?: Notice['sending'] },
  ): Promise<Notice | undefined> {
    const notice: Notice = {
      version: (seen?.version ?? 0) + 1,
      changeId: this.ids.secret(),
      region: this.ledger.region,
      ...(told ? { told } : {}),
      ...(sending ? { sending } : {}),
    };
    const { pollId, ballotId, choices } = ballot;
    const terms = termsOf(poll);
    const isMarked = await this.answers.mark({ pollId, ballotId, choices, notice, ...(terms ? { terms } : {}) });
    return isMarked ? notice : undefined;
  }
}

function feedbackOf(poll: Poll, ballot: Ballot, answers: BallotAnswers | undefined): Feedback {
  const { ballotId, voter = ballotId, acceptedAt } = ballot;
  const { revision = 0, changedAt = acceptedAt, texts = [], notice } = answers ?? {};
  return {
    id: feedbackId(ballotId, revision),
    ballot: ballotName(ballotId),
    voter: voter.slice(0, VOTER_LENGTH),
    choice: choiceOf(poll, ballot),
    answers: (poll.questions ?? []).flatMap(({ id, text: question }, index) =>
      texts[index] ? [{ id, question, text: texts[index] }] : [],
    ),
    revision,
    settledAt: Math.max(acceptedAt, changedAt),
    ...(notice?.told ? { told: notice.told } : {}),
    mayBeRepeat: notice?.sending !== undefined,
  };
}
