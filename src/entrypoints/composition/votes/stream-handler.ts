import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import type { Logger } from 'pino';
import { type DecodedVotes, decodeVoteRecords } from '../../../adapters/streams/vote-records.ts';
import type { FoldShards } from '../../../domain/votes/fold-shards.ts';
import type { ShardImage } from '../../../domain/votes/tally.ts';
import type { Clock, Meter } from '../../../ports/system.ts';

export interface VotesStreamOptions {
  readonly foldShards: FoldShards;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly clock: Clock;
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

/** Folds images into the tallies, and measures how long the newest vote among them took from its shard to its tally. */
export async function foldAndMeasure(
  { foldShards, meter, clock }: Omit<VotesStreamOptions, 'logger'>,
  images: readonly ShardImage[],
): Promise<void> {
  await foldShards.execute(images);
  const newestVoteAt = images.reduce((newest, { lastVoteAt }) => Math.max(newest, lastVoteAt), 0);
  if (newestVoteAt > 0) meter.record('VoteLag', Math.max(0, clock.now() - newestVoteAt), 'Milliseconds');
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
