import type { Logger } from 'pino';
import type { StreamRecord } from '../../../adapters/dynamodb/streams/stream-record.ts';
import { type DecodedVotes, decodeVoteRecords } from '../../../adapters/dynamodb/streams/vote-records.ts';
import type { FoldShards } from '../../../domain/votes/fold-shards.ts';
import type { Audit } from '../../../domain/votes/poll.ts';
import type { ShardImage } from '../../../domain/votes/tally.ts';
import type { Meter } from '../../../ports/system.ts';

export interface FoldingParts {
  readonly foldShards: FoldShards;
  readonly logger: Logger;
  readonly meter: Meter;
}

/**
 * Folds a batch of the votes table's stream into the tallies, for a function.
 *
 * @returns what was in the batch; unreadable records are logged and left out
 * @throws DomainError `STORE_UNAVAILABLE`: the whole batch comes again, which is safe
 */
export async function foldRecords(parts: FoldingParts, records: readonly StreamRecord[]): Promise<DecodedVotes> {
  const decoded = decodeVoteRecords(records);
  logSkipped(parts.logger, parts.meter, decoded);
  await foldAndMeasure(parts, decoded.images);
  return decoded;
}

/** Logs what a batch of the stream held besides shard images; only what cannot be read needs an operator. */
export function logSkipped(logger: Logger, meter: Meter, { images, ignored, unreadable }: DecodedVotes): void {
  if (unreadable.length > 0) {
    logger.error({ unreadable }, 'unreadable shard records');
    meter.record('UnreadableRecords', unreadable.length, 'Count');
  }
  if (ignored['unknown version']) logger.warn({ ignored }, 'shard records of an unknown version skipped');
  logger.debug({ images: images.length, ignored, unreadable: unreadable.length }, 'stream batch decoded');
}

/**
 * Folds images into the tallies, and measures how long the newest votes took from their shards. Images that bring nothing
 * new, such as those of a close or of a batch that comes again, are not measured.
 */
export async function foldAndMeasure(
  { foldShards, meter }: Pick<FoldingParts, 'foldShards' | 'meter'>,
  images: readonly ShardImage[],
): Promise<void> {
  const changed = await foldShards.execute(images);
  if (changed.length > 0) meter.record('VoteLag', Math.max(...changed.map(({ lagMs }) => lagMs)), 'Milliseconds');
}

/** Logs and measures an audit that no request waits for. */
export function recordAudit(logger: Logger, meter: Meter, pollId: string, audit: Audit): void {
  logger[audit.drift === 0 ? 'info' : 'error']({ pollId, audit }, 'audited a closed poll');
  meter.record('TallyDrift', Math.abs(audit.drift), 'Count');
}
