import { type Fate, type ProxiedRequest, refusal } from './servers/faulty-proxy.ts';

interface ScriptedShard {
  readonly parent: string | undefined;
  readonly records: { readonly sequenceNumber: string; readonly image: Readonly<Record<string, unknown>> }[];
  closed: boolean;
}

interface DescribeStreamRequest {
  readonly ExclusiveStartShardId?: string;
  readonly ShardFilter?: { readonly ShardId?: string };
}

/**
 * A stream with as many shards as a test wants, which split and end; DynamoDB Local keeps one for each table. It answers
 * the requests of the real SDK, in the place of the store.
 */
export class ScriptedStream {
  private readonly shards = new Map<string, ScriptedShard>();
  private written = 0;

  /** @param page how many shards it describes in one answer; DynamoDB does a hundred */
  constructor(private readonly page = 3) {}

  open(shardId: string, parent?: string): void {
    this.shards.set(shardId, { parent, records: [], closed: false });
  }

  /** @returns the sequence number */
  write(shardId: string, image: Readonly<Record<string, unknown>> = {}): string {
    const sequenceNumber = String(++this.written).padStart(21, '0');
    this.shards.get(shardId)?.records.push({ sequenceNumber, image });
    return sequenceNumber;
  }

  /** After its last record the shard has ended. */
  close(shardId: string): void {
    const shard = this.shards.get(shardId);
    if (shard) shard.closed = true;
  }

  /** The stream keeps a shard no longer. */
  drop(shardId: string): void {
    this.shards.delete(shardId);
  }

  /** @returns the answer, or undefined if the request is not about streams */
  answer({ operation, body }: ProxiedRequest): Fate | undefined {
    switch (operation) {
      case 'DescribeStream':
        return ok({ StreamDescription: this.describe(body) });
      case 'GetShardIterator': {
        const shard = this.shards.get(body.ShardId as string);
        if (!shard) return refusal('ResourceNotFoundException');
        const after = (body.SequenceNumber as string | undefined) ?? '';
        const position = shard.records.filter(({ sequenceNumber }) => sequenceNumber <= after).length;
        return ok({ ShardIterator: `${body.ShardId}@${position}` });
      }
      case 'GetRecords':
        return this.getRecords(body.ShardIterator as string);
      default:
        return undefined;
    }
  }

  /** What DynamoDB would tell of its shards. */
  describe({ ExclusiveStartShardId: after, ShardFilter: filter }: DescribeStreamRequest) {
    const all = [...this.shards.keys()];
    const ids = filter ? all.filter((shardId) => this.shards.get(shardId)?.parent === filter.ShardId) : all;
    const page = ids.slice(after === undefined ? 0 : ids.indexOf(after) + 1).slice(0, this.page);
    const last = page.at(-1);
    return {
      Shards: page.map((ShardId) => ({ ShardId, ParentShardId: this.shards.get(ShardId)?.parent })),
      ...(last !== undefined && last !== ids.at(-1) ? { LastEvaluatedShardId: last } : {}),
    };
  }

  private getRecords(iterator: string): Fate {
    const [shardId = '', position] = iterator.split('@');
    const shard = this.shards.get(shardId);
    if (!shard) return refusal('ResourceNotFoundException');
    const records = shard.records.slice(Number(position));
    return ok({
      Records: records.map(({ sequenceNumber, image }) => ({
        eventName: 'MODIFY',
        dynamodb: { SequenceNumber: sequenceNumber, NewImage: image },
      })),
      ...(shard.closed ? {} : { NextShardIterator: `${shardId}@${shard.records.length}` }),
    });
  }
}

const ok = (body: object): Fate => ({ status: 200, body: JSON.stringify(body) });
