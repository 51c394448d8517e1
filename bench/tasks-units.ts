/**
 * What a task costs on DynamoDB, in units by its own account, on DynamoDB Local: `npm run bench -- tasks-units`.
 * Lost claims, sheddings and counts are in it, and for reads every look at the queue.
 */
import { streamsClient } from '../src/adapters/dynamodb/streams/client.ts';
import { startDynamoDbLocal } from '../test/helpers/servers/dynamodb-local.ts';
import { clientOf } from '../test/helpers/servers/dynamodb-tables.ts';
import { measureTaskUnits } from '../test/suites/task-units.ts';

const loads = { 'of 80 % of the capacity': 0.8, 'of twice the capacity': 2 };

const server = await startDynamoDbLocal();
const client = await clientOf(server.endpoint);
const streams = streamsClient(server.endpoint);
try {
  for (const [name, load] of Object.entries(loads)) {
    const units = await measureTaskUnits(client, streams, load, 10);
    console.table({
      load: name,
      succeeded: units.succeeded,
      shed: units.shed,
      'write units per task': units.writesPerTask,
      'read units per task': units.readsPerTask,
    });
  }
} finally {
  client.destroy();
  streams.destroy();
  await server.stop();
}
