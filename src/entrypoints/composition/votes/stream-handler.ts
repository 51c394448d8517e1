import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import type { Logger } from 'pino';
import { type DecodedShards, decodeShardRecords } from '../../../adapters/streams/shard-records.ts';
import type { FoldShards } from '../../../domain/votes/fold-shards.ts';

/** Logs what a batch of the stream held besides shard images; only what cannot be read needs a person. */
export function logPassedOver(logger: Logger, { images, ignored, poison }: DecodedShards): void {
  if (poison.length > 0) logger.error({ poison }, 'unreadable shard records');
  if (ignored['unknown version']) logger.warn({ ignored }, 'shard records of an unknown version passed over');
  logger.debug({ images: images.length, ignored, poison: poison.length }, 'stream batch decoded');
}

/**
 * Folds a batch of the votes table's stream into the tallies. Unreadable records are reported one by one, so that they
 * go to the on-failure destination and the others count all the same.
 *
 * @throws DomainError `STORE_UNAVAILABLE`: the whole batch comes again, which is safe
 */
export const votesStreamHandler =
  (foldShards: FoldShards, logger: Logger) =>
  async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const decoded = decodeShardRecords(Records);
    logPassedOver(logger, decoded);
    await foldShards.execute(decoded.images);
    return { batchItemFailures: decoded.poison.map(({ sequenceNumber }) => ({ itemIdentifier: sequenceNumber })) };
  };
