import { type TableDefinition, tableWithSortKey } from './tables.ts';

export interface VoteTables {
  /** Shards, ballots, voters and, for a while, text messages and senders of texts that were answered. Its stream feeds the tallies. */
  readonly votes: string;
  /** Polls, their numbers, when they are due, and their tallies. */
  readonly tallies: string;
  /** Who reads which part of the stream. */
  readonly leases: string;
}

export const voteTableDefinitions = (tables: VoteTables): readonly TableDefinition[] => [
  {
    ...tableWithSortKey(tables.votes),
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    ttlAttribute: 'ttl',
  },
  tableWithSortKey(tables.tallies),
  { ...tableWithSortKey(tables.leases), ttlAttribute: 'ttl' },
];
