import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { passIfRefused } from '../errors.ts';

/** How far a stream shard has been read. */
export interface Progress {
  /** The sequence number of the last record that was handled. */
  readonly checkpoint?: string | undefined;
  /** When it was read last, epoch ms; absent while records from before may be missing. */
  readonly readAt?: number | undefined;
  /** It has been read to its end. */
  readonly done?: boolean | undefined;
}

/** Who reads a stream shard, and until when. */
export interface ShardLease extends Progress {
  readonly shardId: string;
  /** Absent where it has none. */
  readonly parentId?: string | undefined;
  /** When the first process knew of the shard, epoch ms. */
  readonly foundAt?: number | undefined;
  readonly owner: string;
  /** Epoch ms. */
  readonly expiresAt: number;
}

export interface Leases {
  readonly shards: readonly ShardLease[];
  /** Processes that read this stream, whether they hold a lease or not. */
  readonly members: number;
}

/** A stream shard is gone a day after its last record, so its lease may go too. Epoch s, as DynamoDB's TTL wants it. */
const keptUntil = (now: number): number => Math.ceil(now / 1_000) + 2 * 86_400;

/**
 * Leases of the shards of one stream, in a table of their own so that renewing them feeds no stream. All processes go
 * by the store's time. A process that is frozen between reading the clock and writing writes an old time, which takes no lease
 * from another; if it resumes after its lease, two processes may read one shard until its next renewal is refused,
 * which repeats changes and loses none.
 */
export class LeaseTable {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    /** Names the stream: the leases of another stream, or of a table made anew, are others. */
    readonly stream: string,
    private readonly owner: string,
    private readonly leaseMs: number,
  ) {}

  /** Renews the membership of this process, and reads all leases. */
  async heartbeat(now: number): Promise<Leases> {
    await this.client.send(
      new PutCommand({
        TableName: this.table,
        Item: { ...this.memberKey(), expiresAt: now + this.leaseMs, ttl: keptUntil(now) },
      }),
    );
    const items: Record<string, unknown>[] = [];
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await this.client.send(
        new QueryCommand({
          TableName: this.table,
          KeyConditionExpression: 'pk = :stream',
          ExpressionAttributeValues: { ':stream': this.stream },
          ConsistentRead: true,
          ExclusiveStartKey,
        }),
      );
      items.push(...(page.Items ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    const isMember = ({ sk }: Record<string, unknown>): boolean => String(sk).startsWith('member#');
    return {
      shards: items.filter((item) => !isMember(item)).map((item) => item as unknown as ShardLease),
      members: items.filter((item) => isMember(item) && (item.expiresAt as number) > now).length,
    };
  }

  /**
   * Takes a shard that no process reads.
   *
   *     A:  holds until 10 s ─ dies
   *     B:            10 s: take if expired ─ taken, from A's checkpoint
   *     C:            10 s: take if expired ─ refused, since B's lease is not expired
   *
   * @returns the lease, or undefined if another process holds it
   */
  acquire(shardId: string, parentId: string | undefined, now: number): Promise<ShardLease | undefined> {
    const isNew = 'attribute_not_exists(pk)';
    const isExpired = 'expiresAt <= :now';
    const isOurs = '#owner = :me';
    const isUnread = 'attribute_not_exists(done)';
    const condition = `(${isNew} OR ${isExpired} OR ${isOurs}) AND ${isUnread}`;
    return this.claim(shardId, parentId, now, now + this.leaseMs, condition);
  }

  /** Makes a shard known to the other processes, as a lease that has expired already. */
  async offer(shardId: string, parentId: string | undefined, now: number): Promise<void> {
    await this.claim(shardId, parentId, now, now, 'attribute_not_exists(pk)');
  }

  /**
   * Renews the lease and stores how far the shard has been read.
   *
   * @returns false if the lease is lost
   */
  async renew(shardId: string, now: number, progress: Progress): Promise<boolean> {
    return (await this.store(shardId, now, now + this.leaseMs, progress)) !== undefined;
  }

  /** Stores how far the shard has been read, and gives the lease back. */
  async release(shardId: string, now: number, progress: Progress): Promise<void> {
    await this.store(shardId, now, now, progress);
  }

  /** Ends the membership of this process. */
  async leave(): Promise<void> {
    await this.client.send(new DeleteCommand({ TableName: this.table, Key: this.memberKey() }));
  }

  private claim(shardId: string, parentId: string | undefined, now: number, until: number, condition: string) {
    const setParent = parentId === undefined ? '' : 'parentId = :parentId, ';
    return this.update(shardId, {
      UpdateExpression:
        `SET shardId = :shardId, ${setParent}foundAt = if_not_exists(foundAt, :now), ` +
        '#owner = :me, expiresAt = :until, #ttl = :ttl',
      ConditionExpression: condition,
      ExpressionAttributeNames: { '#owner': 'owner', '#ttl': 'ttl' },
      ExpressionAttributeValues: {
        ':shardId': shardId,
        ...(parentId === undefined ? {} : { ':parentId': parentId }),
        ':me': this.owner,
        ':now': now,
        ':until': until,
        ':ttl': keptUntil(now),
      },
    });
  }

  private store(shardId: string, now: number, until: number, progress: Progress) {
    const known = Object.entries(progress).filter(([, value]) => value !== undefined);
    return this.update(shardId, {
      UpdateExpression: ['SET expiresAt = :until, #ttl = :ttl', ...known.map(([name]) => `${name} = :${name}`)].join(),
      ConditionExpression: '#owner = :me',
      ExpressionAttributeNames: { '#owner': 'owner', '#ttl': 'ttl' },
      ExpressionAttributeValues: {
        ':me': this.owner,
        ':until': until,
        ':ttl': keptUntil(now),
        ...Object.fromEntries(known.map(([name, value]) => [`:${name}`, value])),
      },
    });
  }

  private async update(
    shardId: string,
    update: Omit<ConstructorParameters<typeof UpdateCommand>[0], 'TableName' | 'Key'>,
  ): Promise<ShardLease | undefined> {
    const Key = { pk: this.stream, sk: `shard#${shardId}` };
    const command = new UpdateCommand({ TableName: this.table, Key, ...update, ReturnValues: 'ALL_NEW' });
    const answer = await this.client.send(command).catch(passIfRefused);
    return answer?.Attributes as ShardLease | undefined;
  }

  private memberKey() {
    return { pk: this.stream, sk: `member#${this.owner}` };
  }
}
