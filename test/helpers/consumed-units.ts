import { ConditionalCheckFailedException, type ConsumedCapacity } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** What requests cost by DynamoDB's own account, since the last reset. */
export interface ConsumedUnits {
  writes: number;
  reads: number;
  requests: number;
  reset(): void;
}

const WRITES = /^(Put|Update|Delete|TransactWrite|BatchWrite)/;

/**
 * Asks for the consumed capacity of every request of a client, and adds it up. A write that its condition refuses is
 * charged too, though DynamoDB does not say so in its answer: one unit for each kilobyte of the item, here one.
 */
export function countUnits(client: DynamoDBDocumentClient): ConsumedUnits {
  const units = {
    writes: 0,
    reads: 0,
    requests: 0,
    reset: () => void Object.assign(units, { writes: 0, reads: 0, requests: 0 }),
  };
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' });
        units.requests++;
        const answer = await next(args).catch((error) => {
          if (error instanceof ConditionalCheckFailedException) units.writes++;
          throw error;
        });
        const { ConsumedCapacity } = answer.output as { ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] };
        const consumed = [ConsumedCapacity ?? []].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
        units[WRITES.test(commandName) ? 'writes' : 'reads'] += consumed;
        return answer;
      },
    { step: 'initialize', name: 'countUnits' },
  );
  return units;
}
