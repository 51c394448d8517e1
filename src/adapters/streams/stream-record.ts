/** What the records of DynamoDB streams have in common, as Lambda hands them over and as the SDK reads them. */
export interface StreamRecord {
  readonly eventName?: string;
  readonly dynamodb?: {
    readonly SequenceNumber?: string;
    /** The item as DynamoDB writes it: `{ "votes": { "N": "7" } }`. */
    readonly NewImage?: Readonly<Record<string, unknown>>;
  };
}
