/**
 * What a vote costs on DynamoDB, in units by its own account, on DynamoDB Local: `npm run bench -- votes-units`.
 * A poll with one vote of each voter writes one item more, which DynamoDB charges with two units; DynamoDB Local does
 * not account for it, so it is not measured here.
 */
import { startDynamoDbLocal } from '../test/helpers/servers/dynamodb-local.ts';
import { clientOf } from '../test/helpers/servers/dynamodb-tables.ts';
import { measureVoteUnits } from '../test/helpers/vote-units.ts';

const choices = (count: number) => Array.from({ length: count }, (_, index) => `CHOICE ${index}`);
const polls = [
  { choices: choices(3), shards: 16 },
  { choices: choices(3), shards: 64 },
  { choices: choices(100), shards: 20 },
] as const;

const server = await startDynamoDbLocal();
const client = await clientOf(server.endpoint);
try {
  for (const poll of polls) {
    const units = await measureVoteUnits(client, poll, 500);
    console.table({
      'choices × shards': `${poll.choices.length} × ${poll.shards}`,
      votes: units.votes,
      'write units per vote': units.writesPerVote,
      'of the tally, 100 records a batch': units.tallyWritesPerVote,
      together: units.writesPerVote + units.tallyWritesPerVote,
      'requests to the tally per batch': units.tallyRequestsPerBatch,
    });
  }
} finally {
  client.destroy();
  await server.stop();
}
