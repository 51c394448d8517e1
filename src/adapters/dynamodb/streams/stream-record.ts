/** What the records of DynamoDB streams have in common, as Lambda hands them over and as the SDK reads them. */
export interface StreamRecord {
  readonly eventName?: string;
  /** The shard of the stream, where the reader knows it. */
  readonly shardId?: string;
  readonly dynamodb?: {
    readonly SequenceNumber?: string;
    /** Cut to seconds: a Date from the SDK, epoch s from Lambda. */
    readonly ApproximateCreationDateTime?: Date | number;
    /** The item as DynamoDB writes it: `{ "votes": { "N": "7" } }`. */
    readonly NewImage?: Readonly<Record<string, unknown>>;
  };
}
