import type { MetricDefinitions } from '../../../adapters/telemetry/prometheus-meter.ts';

export const metrics = {
  VoteLag: {
    type: 'histogram',
    unit: 'Milliseconds',
    meaning: 'How long the newest vote of a tally took from its shard.',
    recorded: 'with every batch of the stream that changes a tally',
  },
  VotesTaken: {
    type: 'counter',
    unit: 'Count',
    meaning: 'Votes that were counted, by the API, the voting page or a text; a text that comes again is among them.',
    recorded: 'with every vote',
  },
  VotesRepaired: {
    type: 'counter',
    unit: 'Count',
    meaning: 'Votes that the stream should have brought, and that a check of a tally against its shards found missing.',
    recorded: 'with every check that finds any',
  },
  TallyDrift: {
    type: 'counter',
    unit: 'Count',
    meaning:
      'How far the tally was off: from the ballots at a close, above the shards at a recount (votes that a recount brings in may have been on their way).',
    recorded: 'with every close and recount',
  },
  UnreadableRecords: {
    type: 'counter',
    unit: 'Count',
    meaning: 'Records in the stream of votes that could not be read.',
    recorded: 'when there are any',
  },
} satisfies MetricDefinitions;
