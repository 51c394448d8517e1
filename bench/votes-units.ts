/**
 * What a vote costs on DynamoDB, in units by DynamoDB's rules, on DynamoDB Local: `npm run bench -- votes-units`.
 */
import { startDynamoDbLocal } from '../test/helpers/servers/dynamodb-local.ts';
import { clientOf } from '../test/helpers/servers/dynamodb-tables.ts';
import { measureVoteUnits, type Way } from '../test/suites/vote-units.ts';

const choices = (count: number) => Array.from({ length: count }, (_, index) => `CHOICE ${index}`);
const runs: readonly (Parameters<typeof measureVoteUnits>[1] & { readonly way?: Way })[] = [
  { choices: choices(3), shards: 48 },
  { choices: choices(3), shards: 48, voterLimit: 'one' },
  { choices: choices(3), shards: 48, way: 'by text' },
  { choices: choices(3), shards: 48, way: 'by text, to a number that had another poll before' },
  { choices: choices(3), shards: 150 },
  { choices: choices(100), shards: 48 },
];

const server = await startDynamoDbLocal();
const client = await clientOf(server.endpoint);
try {
  const figures = [];
  for (const { way = 'by JSON', ...poll } of runs) {
    const units = await measureVoteUnits(client, poll, 200, way);
    figures.push({
      'choices × shards': `${poll.choices.length} × ${poll.shards}`,
      'voter limit': poll.voterLimit ?? 'none',
      'a vote': way,
      'write units': units.writesPerVote,
      'of its tally, 100 votes a batch': units.tallyWritesPerVote,
      together: units.writesPerVote + units.tallyWritesPerVote,
      'read units': units.readsPerVote,
      'requests to the tally a batch': units.tallyRequestsPerBatch,
    });
  }
  console.table(figures);
} finally {
  client.destroy();
  await server.stop();
}
