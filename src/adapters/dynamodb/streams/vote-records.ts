import { ID_PATTERN } from '../../../domain/shared/id-pattern.ts';
import { MAX_CHOICES, MAX_SHARDS } from '../../../domain/votes/poll.ts';
import { SHARD_VERSION, type ShardImage } from '../../../domain/votes/tally.ts';
import type { StreamRecord } from './stream-record.ts';

/** Why a record is not for the tally; skipping it loses nothing. */
export type Ignored = 'removed' | 'foreign' | 'unknown version';

export interface DecodedVotes {
  readonly images: readonly ShardImage[];
  /** How many records were skipped, and why. */
  readonly ignored: Readonly<Partial<Record<Ignored, number>>>;
  /** Records that claim to be shards and cannot be read; an operator has to inspect them. */
  readonly unreadable: readonly { readonly sequenceNumber: string; readonly problem: string }[];
}

type Decoded = { readonly image: ShardImage } | { readonly ignored: Ignored } | { readonly problem: string };

/** Reads records of the votes table's stream. Never throws, whatever is in them. */
export function decodeVoteRecords(records: readonly StreamRecord[]): DecodedVotes {
  const images: ShardImage[] = [];
  const ignored: Partial<Record<Ignored, number>> = {};
  const unreadable: { sequenceNumber: string; problem: string }[] = [];
  for (const record of records) {
    const decoded = decode(record);
    if ('image' in decoded) images.push(decoded.image);
    else if ('ignored' in decoded) ignored[decoded.ignored] = (ignored[decoded.ignored] ?? 0) + 1;
    else unreadable.push({ sequenceNumber: record.dynamodb?.SequenceNumber ?? '', problem: decoded.problem });
  }
  return { images, ignored, unreadable };
}

/** `v3` holds the votes of the fourth choice. Other spellings of a number are other attributes. */
const VOTES_OF_A_CHOICE = /^v(0|[1-9]\d*)$/;

function decode({ eventName, dynamodb }: StreamRecord): Decoded {
  if (eventName === 'REMOVE') return { ignored: 'removed' };
  const item = dynamodb?.NewImage;
  if (!item) return { problem: 'no image' };
  if (stringIn(item.kind) !== 'shard') return { ignored: 'foreign' };
  if (numberIn(item.version) !== String(SHARD_VERSION)) return { ignored: 'unknown version' };
  const fields = Object.entries(FIELDS).map(([name, read]) => [name, read(item[name])] as const);
  const votes = Object.entries(item).flatMap(([name, attribute]) =>
    VOTES_OF_A_CHOICE.test(name) ? [{ name, choice: Number(name.slice(1)), votes: count(attribute) }] : [],
  );
  const unreadable = [
    ...fields.filter(([, value]) => value === undefined).map(([name]) => name),
    ...votes.filter(({ choice, votes }) => choice >= MAX_CHOICES || votes === undefined).map(({ name }) => name),
  ];
  if (unreadable.length > 0) return { problem: `not readable: ${unreadable.join(', ')}` };
  const counts = new Array<number>(Math.max(0, ...votes.map(({ choice }) => choice + 1))).fill(0);
  for (const { choice, votes: votesOfChoice } of votes) counts[choice] = votesOfChoice as number;
  return { image: { ...(Object.fromEntries(fields) as unknown as Omit<ShardImage, 'votes'>), votes: counts } };
}

/** A text attribute, as DynamoDB writes it: `{ "S": "colors" }`. */
function stringIn(attribute: unknown): string | undefined {
  const { S } = (attribute ?? {}) as { S?: unknown };
  return typeof S === 'string' ? S : undefined;
}

/** A number attribute, which DynamoDB writes as text: `{ "N": "7" }`. */
function numberIn(attribute: unknown): string | undefined {
  const { N } = (attribute ?? {}) as { N?: unknown };
  return typeof N === 'string' ? N : undefined;
}

const matching = (pattern: RegExp) => (attribute: unknown) => stringIn(attribute)?.match(pattern)?.[0];

const countUpTo = (limit: number) => (attribute: unknown) => {
  const digits = numberIn(attribute)?.match(/^\d{1,16}$/)?.[0];
  return digits !== undefined && Number(digits) <= limit ? Number(digits) : undefined;
};

const count = countUpTo(Number.MAX_SAFE_INTEGER);

/** What each field may hold: a shard that no poll can have would spoil the tally of its poll for ever. */
const FIELDS: Record<Exclude<keyof ShardImage, 'votes'>, (attribute: unknown) => string | number | undefined> = {
  pollId: matching(ID_PATTERN),
  region: matching(/^[a-z0-9-]{1,32}$/),
  shard: countUpTo(MAX_SHARDS - 1),
  ballots: count,
  lastVoteAt: count,
  // An open shard does not have it.
  closed: (attribute) => (attribute === undefined ? 0 : countUpTo(MAX_SHARDS)(attribute)),
};
