import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** What the records of DynamoDB streams have in common, as Lambda hands them over and as the SDK reads them. */
export interface StreamRecord {
  readonly eventName?: string;
  readonly dynamodb?: {
    readonly SequenceNumber?: string;
    readonly NewImage?: Readonly<Record<string, unknown>>;
  };
}

/** An item's image as DynamoDB writes it: `{ "votes": { "N": "7" } }`. */
export type ItemImage = Record<string, AttributeValue>;
