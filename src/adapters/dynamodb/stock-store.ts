import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Page, PageRequest } from '../../domain/shared/page.ts';
import { DEFAULT_CURRENCY, type Stock } from '../../domain/stocks/stock.ts';
import type { StockChange, StockChanged, StockStore } from '../../ports/stocks.ts';
import { throwStoreError, wasRepeated } from './errors.ts';
import { scanPage } from './pages.ts';
import { type TableDefinition, tableWithKey } from './tables.ts';

/** With all of the SDK's attempts. */
const ANSWER_TIMEOUT_MS = 2_000;

export const stockTableDefinition = (name: string): TableDefinition => tableWithKey(name, 'stockId');

/** What is stored of a stock. */
interface StockItem extends Stock {
  /** `updatedAt` of the put that created it. */
  readonly createdAt?: number;
}

/** One item for each stock. The value is stored as text: a number in DynamoDB would lose its closing zeros. */
export class DynamoDbStockStore implements StockStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async get(stockId: string): Promise<Stock | undefined> {
    const command = new GetCommand({ TableName: this.table, Key: { stockId }, ConsistentRead: true });
    const { Item } = await this.client.send(command, deadlineSignal()).catch(throwStoreError);
    return Item && stockIn(Item as StockItem);
  }

  async put(change: StockChange): Promise<StockChanged> {
    const command = new UpdateCommand(updateStock(this.table, change));
    const { Attributes, $metadata } = await this.client.send(command, deadlineSignal()).catch(throwStoreError);
    const found = Attributes as StockItem | undefined;
    const stock = storedBy(change, found);
    const isNew = found === undefined || (wasRepeated($metadata) && isCreatedBy(stock, found));
    return { stock, before: isNew ? undefined : stockIn(found) };
  }

  async replace(seen: Stock | undefined, change: StockChange) {
    const command = new UpdateCommand(updateStockAsSeen(this.table, seen, change));
    const stock = storedBy(change, seen);
    try {
      await this.client.send(command, deadlineSignal());
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) return throwStoreError(error);
      const present = error.Item && (unmarshall(error.Item) as StockItem);
      if (!present || !wasRepeated(error.$metadata) || !isPutBy(stock, present)) return undefined;
    }
    return { stock, before: seen };
  }

  async delete(seen: Stock): Promise<boolean> {
    const command = new DeleteCommand({ TableName: this.table, Key: { stockId: seen.stockId }, ...asSeen(seen) });
    try {
      await this.client.send(command, deadlineSignal());
      return true;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) return throwStoreError(error);
      return error.Item === undefined && wasRepeated(error.$metadata);
    }
  }

  async list(page: PageRequest): Promise<Page<Stock>> {
    const { items, ...next } = await scanPage<StockItem>(this.client, this.table, 'stockId', page, deadlineSignal());
    return { items: items.map(stockIn), ...next };
  }
}

const stockIn = ({ createdAt: _, ...stock }: StockItem): Stock => stock;

const storedBy = (change: StockChange, before: Stock | undefined): Stock => ({
  ...change,
  currency: change.currency ?? before?.currency ?? DEFAULT_CURRENCY,
});

const isPutBy = (put: Stock, item: StockItem): boolean =>
  item.updatedAt === put.updatedAt && item.value === put.value && item.currency === put.currency;

const isCreatedBy = (put: Stock, item: StockItem): boolean => item.createdAt === put.updatedAt && isPutBy(put, item);

const deadlineSignal = () => ({ abortSignal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });

function updateStock(table: string, { stockId, value, currency, updatedAt }: StockChange): UpdateCommandInput {
  const keepCreation = 'createdAt = if_not_exists(createdAt, :updatedAt)';
  const keepCurrency = 'currency = if_not_exists(currency, :currency)';
  const setCurrency = 'currency = :currency';
  return {
    TableName: table,
    Key: { stockId },
    UpdateExpression: `SET #value = :value, updatedAt = :updatedAt, ${keepCreation}, ${currency === undefined ? keepCurrency : setCurrency}`,
    // `value` is a word of the expression language.
    ExpressionAttributeNames: { '#value': 'value' },
    ExpressionAttributeValues: {
      ':value': value,
      ':updatedAt': updatedAt,
      ':currency': currency ?? DEFAULT_CURRENCY,
    },
    ReturnValues: 'ALL_OLD',
  };
}

function updateStockAsSeen(table: string, seen: Stock | undefined, change: StockChange): UpdateCommandInput {
  const update = updateStock(table, change);
  const condition = asSeen(seen);
  return {
    ...update,
    ...condition,
    ExpressionAttributeValues: { ...update.ExpressionAttributeValues, ...condition.ExpressionAttributeValues },
    ReturnValues: 'NONE',
  };
}

type Condition = Pick<
  UpdateCommandInput,
  | 'ConditionExpression'
  | 'ExpressionAttributeNames'
  | 'ExpressionAttributeValues'
  | 'ReturnValuesOnConditionCheckFailure'
>;

/** The condition that the stock has not been put again. */
function asSeen(seen: Stock | undefined): Condition {
  const ReturnValuesOnConditionCheckFailure = 'ALL_OLD';
  if (!seen) return { ConditionExpression: 'attribute_not_exists(stockId)', ReturnValuesOnConditionCheckFailure };
  const { value, currency, updatedAt } = seen;
  return {
    ConditionExpression: '#value = :seenValue AND currency = :seenCurrency AND updatedAt = :seenUpdatedAt',
    ExpressionAttributeNames: { '#value': 'value' },
    ExpressionAttributeValues: { ':seenValue': value, ':seenCurrency': currency, ':seenUpdatedAt': updatedAt },
    ReturnValuesOnConditionCheckFailure,
  };
}
