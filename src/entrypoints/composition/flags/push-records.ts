import type { Logger } from 'pino';
import { decodeHeads } from '../../../adapters/dynamodb/streams/flag-records.ts';
import type { StreamRecord } from '../../../adapters/dynamodb/streams/stream-record.ts';
import type { PushChanges } from '../../../domain/flags/push-changes.ts';
import type { Meter } from '../../../ports/system.ts';

export interface PushingParts {
  readonly pushChanges: PushChanges;
  readonly logger: Logger;
  readonly meter: Meter;
}

/**
 * Tells clients what a batch of the flags table's stream has changed.
 *
 * @returns sequence numbers of the records that have to come again: those that nobody can read, and those of sets some of
 * whose clients could not be reached. Others may be told again by that, which changes nothing for them.
 * @throws DomainError `STORE_UNAVAILABLE`: the whole batch comes again
 */
export async function pushRecords(
  { pushChanges, logger, meter }: PushingParts,
  records: readonly StreamRecord[],
): Promise<readonly string[]> {
  const { sets, unreadable } = decodeHeads(records);
  if (unreadable.length > 0) {
    logger.error({ unreadable }, 'unreadable flag set records');
    meter.record('UnreadableRecords', unreadable.length, 'Count');
  }
  const failed = unreadable.map(({ sequenceNumber }) => sequenceNumber);
  for (const { setId, first, last, sequenceNumbers } of sets) {
    const missed = await pushChanges.execute(setId, first - 1, last);
    if (missed === 0) continue;
    logger.warn({ setId, missed }, 'clients of flags could not be reached: they will ask after the next sign of life');
    failed.push(...sequenceNumbers);
  }
  return failed;
}
