import { createHash } from 'node:crypto';
import type { NoticeTerms } from '../../domain/votes/notice.ts';
import type { ShardName } from '../../domain/votes/tally.ts';

/** Ballots and voters of a poll lie in this many partitions each, fixed for ever: an id tells where it lies. */
export const BUCKETS = 64;

const bucketOf = (id: string): number => (createHash('sha256').update(id).digest()[0] as number) % BUCKETS;

export const ballotPartition = (pollId: string, bucket: number): string => `BALLOT#${pollId}#${bucket}`;
export const voterPartition = (pollId: string, bucket: number): string => `VOTER#${pollId}#${bucket}`;

export const ballotKey = (pollId: string, ballotId: string) => ({
  pk: ballotPartition(pollId, bucketOf(ballotId)),
  sk: ballotId,
});

export const answersPartition = (pollId: string, bucket: number): string => `ANSWERS#${pollId}#${bucket}`;

/** What was said beside a ballot. */
export const answersKey = (pollId: string, ballotId: string) => ({
  pk: answersPartition(pollId, bucketOf(ballotId)),
  sk: ballotId,
});

/** Each region holds its voters to one vote by itself: what two regions write is never one item. */
export const voterKey = (pollId: string, voter: string, region: string) => ({
  pk: voterPartition(pollId, bucketOf(voter)),
  sk: `${voter}#${region}`,
});

export const messageKey = (message: string) => ({ pk: `MESSAGE#${message}`, sk: 'MESSAGE' });

export const shardItemKey = (pollId: string, { region, shard }: ShardName) => ({
  pk: `SHARD#${pollId}#${region}#${shard}`,
  sk: 'SHARD',
});

/** How ballots and answers bear the terms of their notice: the streams' readers of feedback look for this attribute. */
export const termsText = ({ receiver, quietSeconds, maxSeconds }: NoticeTerms): string =>
  `${receiver}#${quietSeconds}#${maxSeconds}`;

export function termsIn(text: string): NoticeTerms | undefined {
  const [, receiver, quietSeconds, maxSeconds] = /^(slack|url)#(\d{1,6})#(\d{1,6})$/.exec(text) ?? [];
  if (receiver === undefined) return undefined;
  return {
    receiver: receiver as NoticeTerms['receiver'],
    quietSeconds: Number(quietSeconds),
    maxSeconds: Number(maxSeconds),
  };
}
