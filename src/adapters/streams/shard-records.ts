import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { ShardImage } from '../../domain/votes/tally.ts';
import type { ItemImage, StreamRecord } from './stream-record.ts';

/** The form of a shard item that this reader knows. */
const SHARD_VERSION = 1;

/** Why a record is not for the tally; passing over it loses nothing. */
export type Ignored = 'removed' | 'foreign' | 'unknown version';

export interface DecodedShards {
  readonly images: readonly ShardImage[];
  /** How many records were passed over, and why. */
  readonly ignored: Readonly<Partial<Record<Ignored, number>>>;
  /** Records that say they are shards and cannot be read: a person has to look at them. */
  readonly poison: readonly { readonly sequenceNumber: string; readonly problem: string }[];
}

/** Reads records of the votes table's stream. Never throws, whatever is in them. */
export function decodeShardRecords(records: readonly StreamRecord[]): DecodedShards {
  const images: ShardImage[] = [];
  const ignored: Partial<Record<Ignored, number>> = {};
  const poison: { sequenceNumber: string; problem: string }[] = [];
  for (const record of records) {
    const decoded = decode(record);
    if (typeof decoded === 'object') images.push(decoded);
    else if (isIgnored(decoded)) ignored[decoded] = (ignored[decoded] ?? 0) + 1;
    else poison.push({ sequenceNumber: record.dynamodb?.SequenceNumber ?? '', problem: decoded });
  }
  return { images, ignored, poison };
}

const IGNORED: readonly string[] = ['removed', 'foreign', 'unknown version'] satisfies Ignored[];
const isIgnored = (reason: string): reason is Ignored => IGNORED.includes(reason);

/** @returns the image, or why there is none */
function decode({ eventName, dynamodb }: StreamRecord): ShardImage | string {
  if (eventName === 'REMOVE') return 'removed' satisfies Ignored;
  let item: Record<string, unknown>;
  try {
    item = unmarshall((dynamodb?.NewImage ?? {}) as ItemImage);
  } catch (error) {
    return `not an item: ${(error as Error).message}`;
  }
  if (item.kind !== 'shard') return 'foreign' satisfies Ignored;
  if (item.version !== SHARD_VERSION) return 'unknown version' satisfies Ignored;
  const bad = Object.entries(FIELDS).flatMap(([name, isValid]) => (isValid(item[name]) ? [] : [name]));
  if (bad.length > 0) return `not readable: ${bad.join(', ')}`;
  const { pollId, choice, region, shard, votes, lastVoteAt } = item as unknown as ShardImage;
  return { pollId, choice, region, shard, votes, lastVoteAt };
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isName = (value: unknown): boolean => typeof value === 'string' && value !== '';

const FIELDS: Record<keyof ShardImage, (value: unknown) => boolean> = {
  pollId: isName,
  choice: isCount,
  region: isName,
  shard: isCount,
  votes: isCount,
  lastVoteAt: isCount,
};
