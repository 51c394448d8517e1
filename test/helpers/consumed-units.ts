import { ConditionalCheckFailedException, type ConsumedCapacity } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient, TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { itemSize } from './item-size.ts';

/** What requests cost by DynamoDB's own account, since the last reset. */
export interface ConsumedUnits {
  writes: number;
  reads: number;
  requests: number;
  reset(): void;
}

const WRITES = /^(Put|Update|Delete|TransactWrite|BatchWrite)/;

const KILOBYTE = 1_024;

/**
 * DynamoDB charges two units for each kilobyte of each item in a transaction, also of one that is cancelled. DynamoDB
 * Local says four of every transaction, whatever is in it, so it is not asked. Items that are not put whole are taken for
 * smaller than a kilobyte.
 */
const transactionUnits = ({ TransactItems = [] }: TransactWriteCommandInput): number =>
  TransactItems.reduce((sum, { Put }) => sum + 2 * Math.ceil((Put?.Item ? itemSize(Put.Item) : 1) / KILOBYTE), 0);

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
        const isTransaction = commandName.startsWith('TransactWrite');
        if (isTransaction) units.writes += transactionUnits(args.input as TransactWriteCommandInput);
        const answer = await next(args).catch((error) => {
          if (error instanceof ConditionalCheckFailedException) units.writes++;
          throw error;
        });
        if (isTransaction) return answer;
        const { ConsumedCapacity } = answer.output as { ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] };
        const consumed = [ConsumedCapacity ?? []].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
        units[WRITES.test(commandName) ? 'writes' : 'reads'] += consumed;
        return answer;
      },
    { step: 'initialize', name: 'countUnits' },
  );
  return units;
}
