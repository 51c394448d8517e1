import { unmarshall } from '@aws-sdk/util-dynamodb';
import { ID_PATTERN } from '../../../domain/shared/id-pattern.ts';
import type { FeedbackChange } from '../../../domain/votes/feedback.ts';
import type { Notice } from '../../../domain/votes/notice.ts';
import { termsIn } from '../vote-keys.ts';
import type { StreamRecord } from './stream-record.ts';

export interface DecodedFeedback {
  readonly changes: readonly { readonly sequenceNumber: string; readonly change: FeedbackChange }[];
  /** Sequence numbers of records that should be feedback and cannot be read. */
  readonly unreadable: readonly string[];
}

/** Ballots and answers of polls whose feedback somebody is told of, among the records of the votes table's stream. */
export function decodeFeedbackRecords(records: readonly StreamRecord[]): DecodedFeedback {
  const changes: { sequenceNumber: string; change: FeedbackChange }[] = [];
  const unreadable: string[] = [];
  for (const { eventName, dynamodb } of records) {
    if (eventName === 'REMOVE' || dynamodb?.NewImage?.notify === undefined) continue;
    const sequenceNumber = dynamodb.SequenceNumber ?? '';
    const change = changeIn(dynamodb.NewImage);
    if (change === 'unreadable') unreadable.push(sequenceNumber);
    else if (change) changes.push({ sequenceNumber, change });
  }
  return { changes, unreadable };
}

const PARTITION = /^(BALLOT|ANSWERS)#([^#]+)#\d+$/;
/** An answers item without answers, and a ballot that is no vote of its own, lead to nothing. */
function changeIn(image: Readonly<Record<string, unknown>>): FeedbackChange | undefined | 'unreadable' {
  let item: Record<string, unknown>;
  try {
    item = unmarshall(image as Parameters<typeof unmarshall>[0]);
  } catch {
    return 'unreadable';
  }
  const [, kind, pollId = ''] = PARTITION.exec(String(item.pk)) ?? [];
  const terms = termsIn(String(item.notify));
  const ballotId = item.sk;
  if (!kind || !terms || !ID_PATTERN.test(pollId) || typeof ballotId !== 'string') return 'unreadable';
  if (kind === 'BALLOT') {
    const { region, acceptedAt } = item;
    if (typeof region !== 'string' || typeof acceptedAt !== 'number') return 'unreadable';
    return { kind: 'ballot', pollId, ballotId, terms, region, acceptedAt };
  }
  const { revision, changedAt } = item;
  if (revision === undefined) return undefined;
  if (typeof revision !== 'number' || typeof changedAt !== 'number') return 'unreadable';
  const notice = item.notice as Notice | undefined;
  return { kind: 'answers', pollId, ballotId, terms, revision, changedAt, ...(notice ? { notice } : {}) };
}
