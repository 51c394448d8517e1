import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import type { Logger } from 'pino';
import { type DecodedVotes, decodeVoteRecords } from '../../../adapters/streams/vote-records.ts';
import type { FoldShards } from '../../../domain/votes/fold-shards.ts';
import type { Audit } from '../../../domain/votes/poll.ts';
import type { ShardImage } from '../../../domain/votes/tally.ts';
import type { Meter } from '../../../ports/system.ts';

export interface VotesStreamOptions {
  readonly foldShards: FoldShards;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Tells what a batch of the stream held besides shard images; only what cannot be read needs a person. */
export function tellPassedOver(logger: Logger, meter: Meter, { images, ignored, poison }: DecodedVotes): void {
  if (poison.length > 0) {
    logger.error({ poison }, 'unreadable shard records');
    meter.record('UnreadableRecords', poison.length, 'Count');
  }
  if (ignored['unknown version']) logger.warn({ ignored }, 'shard records of an unknown version passed over');
  logger.debug({ images: images.length, ignored, poison: poison.length }, 'stream batch decoded');
}

/** Tells of an audit that nobody is waiting for. */
export function recordAudit(logger: Logger, meter: Meter, pollId: string, audit: Audit): void {
  logger[audit.drift === 0 ? 'info' : 'error']({ pollId, audit }, 'audited a closed poll');
  meter.record('TallyDrift', Math.abs(audit.drift), 'Count');
}

/**
 * Folds images into the tallies, and measures how long the newest votes took from their shards. Images that bring nothing
 * new, such as those of a close or of a batch that comes again, tell nothing of that.
 */
export async function foldAndMeasure(
  { foldShards, meter }: Pick<VotesStreamOptions, 'foldShards' | 'meter'>,
  images: readonly ShardImage[],
): Promise<void> {
  const changed = await foldShards.execute(images);
  if (changed.length > 0) meter.record('VoteLag', Math.max(...changed.map(({ lagMs }) => lagMs)), 'Milliseconds');
}

/**
 * Folds a batch of the votes table's stream into the tallies. Unreadable records are reported one by one, so that they
 * go to the on-failure destination and the others count all the same.
 *
 * @throws DomainError `STORE_UNAVAILABLE`: the whole batch comes again, which is safe
 */
export const votesStreamHandler =
  (options: VotesStreamOptions) =>
  async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const decoded = decodeVoteRecords(Records);
    tellPassedOver(options.logger, options.meter, decoded);
    await foldAndMeasure(options, decoded.images);
    return { batchItemFailures: decoded.poison.map(({ sequenceNumber }) => ({ itemIdentifier: sequenceNumber })) };
  };
