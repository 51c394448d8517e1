import type { Ballot } from '../../src/domain/votes/ballot.ts';
import type { Poll } from '../../src/domain/votes/poll.ts';
import { type ShardImage, UNUSED } from '../../src/domain/votes/tally.ts';
import type { Random } from '../../src/ports/system.ts';
import type { BallotCount, RecordOutcome, VoteLedger } from '../../src/ports/votes.ts';

interface Version {
  readonly key: string;
  readonly item: unknown;
  /** Of two versions of one item the later one wins, and of two of one moment that of the greater region. */
  readonly at: number;
  readonly region: string;
}

/**
 * One table in several regions, as an active/active global table is: every region writes into its own copy, and each
 * written item travels to the others by itself, in any order, late, more than once; of two versions the last writer's
 * stays.
 */
export class LwwReplicas {
  private readonly copies: Map<string, Replica>;
  private readonly underWay: { readonly to: string; readonly version: Version }[] = [];
  private time = 0;

  constructor(regions: readonly string[]) {
    this.copies = new Map(regions.map((region) => [region, new Replica()]));
  }

  in(region: string): Replica {
    return this.copies.get(region) as Replica;
  }

  /** Writes items in one region, all at once there; elsewhere they arrive one by one. */
  write(region: string, items: Readonly<Record<string, unknown>>): void {
    this.time++;
    for (const [key, item] of Object.entries(items)) {
      const version = { key, item, at: this.time, region };
      this.in(region).take(version);
      for (const to of this.copies.keys()) if (to !== region) this.underWay.push({ to, version });
    }
  }

  /** Delivers something that is under way; now and then it stays under way and arrives again. */
  deliverOne(random: Random, isCutOff: (region: string) => boolean): void {
    const open = this.underWay.filter(({ to, version }) => !isCutOff(to) && !isCutOff(version.region));
    const message = open[Math.floor(random.next() * open.length)];
    if (!message) return;
    this.in(message.to).take(message.version);
    if (random.next() < 0.8) this.underWay.splice(this.underWay.indexOf(message), 1);
  }

  deliverAll(): void {
    for (const { to, version } of this.underWay.splice(0)) this.in(to).take(version);
  }
}

class Replica {
  private readonly versions = new Map<string, Version>();
  /** The copy's own change stream: what was written here and what arrived, in that order. */
  readonly stream: { readonly key: string; readonly item: unknown }[] = [];

  get(key: string): unknown {
    return this.versions.get(key)?.item;
  }

  withPrefix<T>(prefix: string): { readonly key: string; readonly item: T }[] {
    return [...this.versions.values()]
      .filter(({ key }) => key.startsWith(prefix))
      .map(({ key, item }) => ({ key, item: item as T }));
  }

  take(version: Version): void {
    const known = this.versions.get(version.key);
    const isOlder = known && (known.at > version.at || (known.at === version.at && known.region >= version.region));
    if (isOlder) return;
    this.versions.set(version.key, version);
    this.stream.push(version);
  }
}

export interface ReplicatedLedgerOptions {
  /** Whose counters it adds to; its own, unless a test wants to see what becomes of counters that regions share. */
  readonly counters?: string;
}

/** The ledger of one region on its copy, with items and conditions like those of the real one. */
export class ReplicatedLedger implements VoteLedger {
  private readonly counters: string;

  constructor(
    private readonly replicas: LwwReplicas,
    readonly region: string,
    private readonly random: Random,
    { counters = region }: ReplicatedLedgerOptions = {},
  ) {
    this.counters = counters;
  }

  async record(poll: Poll, ballot: Ballot): Promise<RecordOutcome> {
    const { pollId, ballotId, voter } = ballot;
    const ballotKey = `BALLOT#${pollId}#${ballotId}`;
    const first = this.copy.get(ballotKey) as { ballot: Ballot } | undefined;
    if (first) return { kind: 'repeated', ballot: first.ballot };
    const shard = Math.floor(this.random.next() * poll.shards);
    const image = this.shard(pollId, shard);
    if (image.closed > 0) return { kind: 'closed' };
    const voterKey = `VOTER#${pollId}#${voter}#${this.region}`;
    const isLimited = poll.voterLimit === 'one' && voter !== undefined;
    if (isLimited && this.copy.get(voterKey)) return { kind: 'already-voted' };
    const votes = Array.from(
      { length: Math.max(image.votes.length, ...ballot.choices.map((choice) => choice + 1)) },
      (_, choice) => (image.votes[choice] ?? 0) + (ballot.choices.includes(choice) ? 1 : 0),
    );
    this.replicas.write(this.region, {
      [ballotKey]: { ballot, region: this.region },
      [this.shardKey(pollId, shard)]: { ...image, votes, ballots: image.ballots + 1, lastVoteAt: ballot.acceptedAt },
      ...(isLimited ? { [voterKey]: {} } : {}),
    });
    return { kind: 'counted' };
  }

  async find(pollId: string, ballotId: string): Promise<Ballot | undefined> {
    return (this.copy.get(`BALLOT#${pollId}#${ballotId}`) as { ballot: Ballot } | undefined)?.ballot;
  }

  async findMessage(): Promise<string | undefined> {
    return undefined;
  }

  async closeShards({ pollId, shards }: Poll): Promise<void> {
    for (let shard = 0; shard < shards; shard++)
      this.replicas.write(this.region, {
        [this.shardKey(pollId, shard)]: { ...this.shard(pollId, shard), closed: shards },
      });
  }

  async readShards({ pollId }: Poll, regions: readonly string[]): Promise<readonly ShardImage[]> {
    return this.copy
      .withPrefix<ShardImage>(`SHARD#${pollId}#`)
      .map(({ item }) => item)
      .filter(({ region }) => [this.counters, ...regions].includes(region));
  }

  async countBallots({ pollId }: Poll): Promise<BallotCount> {
    const ballots = this.copy.withPrefix<{ region: string }>(`BALLOT#${pollId}#`);
    const voters = this.copy.withPrefix(`VOTER#${pollId}#`).map(({ key }) => key.slice(0, key.lastIndexOf('#')));
    return {
      ballots: ballots.filter(({ item }) => item.region === this.region).length,
      doubleVoters: new Set(voters.filter((voter, index) => voters.indexOf(voter) < index)).size,
    };
  }

  /** What the copy's change stream carries for the tally. */
  images(): ShardImage[] {
    return this.copy.stream.filter(({ key }) => key.startsWith('SHARD#')).map(({ item }) => item as ShardImage);
  }

  private get copy(): Replica {
    return this.replicas.in(this.region);
  }

  private shardKey(pollId: string, shard: number): string {
    return `SHARD#${pollId}#${this.counters}#${shard}`;
  }

  private shard(pollId: string, shard: number): ShardImage {
    const none = { pollId, region: this.counters, shard, ...UNUSED, lastVoteAt: 0 };
    return (this.copy.get(this.shardKey(pollId, shard)) as ShardImage | undefined) ?? none;
  }
}
