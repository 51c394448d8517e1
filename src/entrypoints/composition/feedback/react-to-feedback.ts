import type { Logger } from 'pino';
import { pause } from '../../../adapters/common/pause.ts';
import { decodeFeedbackRecords } from '../../../adapters/dynamodb/streams/feedback-records.ts';
import type { StreamRecord } from '../../../adapters/dynamodb/streams/stream-record.ts';
import { DomainError } from '../../../domain/shared/domain-error.ts';
import { react } from '../../../domain/shared/react.ts';
import { type FeedbackChange, feedbackReaction } from '../../../domain/votes/feedback.ts';
import type { Meter, Outbox } from '../../../ports/system.ts';

export interface ReactingParts {
  readonly outbox: Outbox;
  readonly region: string;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Tries of a process that reads changes itself, after which it leaves a change and records that. */
const TRIES = 10;
const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 10_000;

/** What passes by itself. Anything else would fail each time. */
const PASSING: readonly unknown[] = ['TASKS_QUEUE_FULL', 'STORE_UNAVAILABLE'];

/**
 * For a feed that keeps its changes until they are handled. What cannot be put is left and recorded.
 *
 * @throws the reason why some cannot be put just now
 */
export async function reactToKept(parts: ReactingParts, changes: readonly FeedbackChange[]): Promise<void> {
  const failures = await react(feedbackReaction(parts.region), parts.outbox, changes);
  const isPassing = ({ error }: (typeof failures)[number]) =>
    error instanceof DomainError && PASSING.includes(error.code);
  giveUp(
    parts,
    failures.filter((failure) => !isPassing(failure)),
  );
  const passing = failures.find(isPassing);
  if (passing) throw passing.error;
}

/** For a process that reads changes itself: tries again for about half a minute. Never rejects. */
async function reactToChanges(parts: ReactingParts, changes: readonly FeedbackChange[]): Promise<void> {
  const { outbox, region } = parts;
  let left = changes;
  for (let tries = 1; left.length > 0; tries++) {
    const failures = await react(feedbackReaction(region), outbox, left);
    if (failures.length === 0) return;
    if (tries === TRIES) {
      giveUp(parts, failures);
      return;
    }
    left = failures.map(({ change }) => change);
    await pause(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1)), new AbortController().signal);
  }
}

function giveUp(
  { logger, meter }: ReactingParts,
  failures: readonly { readonly change: FeedbackChange; readonly error: unknown }[],
): void {
  if (failures.length === 0) return;
  const ballots = failures.map(({ change: { pollId, ballotId } }) => ({ pollId, ballotId }));
  logger.error({ err: failures[0]?.error, ballots }, 'feedback is given up: nobody will be told of it');
  meter.record('ReactionFailures', failures.length, 'Count');
}

/** The same for records of a stream. */
export async function reactToRecords(parts: ReactingParts, records: readonly StreamRecord[]): Promise<void> {
  const { changes, unreadable } = decodeFeedbackRecords(records);
  reportUnreadable(parts, unreadable);
  await reactToChanges(
    parts,
    changes.map(({ change }) => change),
  );
}

/**
 * The same for a function, once: Lambda brings what failed again.
 *
 * @returns the sequence numbers of records that failed
 */
export async function reactToBatch(parts: ReactingParts, records: readonly StreamRecord[]): Promise<readonly string[]> {
  const { changes, unreadable } = decodeFeedbackRecords(records);
  reportUnreadable(parts, unreadable);
  const reaction = feedbackReaction(parts.region);
  const failures = await react(({ change }: (typeof changes)[number]) => reaction(change), parts.outbox, changes);
  if (failures.length > 0)
    parts.logger.warn({ err: failures[0]?.error, failures: failures.length }, 'reactions failed');
  return [...unreadable, ...failures.map(({ change }) => change.sequenceNumber)];
}

function reportUnreadable({ logger, meter }: ReactingParts, unreadable: readonly string[]): void {
  if (unreadable.length === 0) return;
  logger.error({ unreadable }, 'unreadable feedback records');
  meter.record('UnreadableRecords', unreadable.length, 'Count');
}
