import type { Call } from './call-recorder.ts';

export interface PolicyDocument {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

interface Statement {
  readonly Sid: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** The least that a policy can allow or refuse: one action on one resource, and on one kind of key. */
export interface Permission {
  readonly role: string;
  readonly statement: string;
  readonly action: string;
  readonly resource: string;
  /** A pattern for the partition key; without it any will do. */
  readonly leadingKey?: string;
}

/** Something that a call must be allowed. */
export interface Need {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  /** Partition keys that one statement has to allow together; none where the call names none. */
  readonly leadingKeys?: readonly string[];
}

/** @throws Error for a condition that it does not understand */
export function permissionsIn(role: string, { Statement }: PolicyDocument): Permission[] {
  return Statement.flatMap(({ Sid, Action, Resource, Condition = {} }) =>
    [Action].flat().flatMap((action) =>
      [Resource].flat().flatMap((resource) => {
        const permission = { role, statement: Sid, action, resource };
        const conditions = Object.entries(Condition);
        if (conditions.length === 0) return [permission];
        return leadingKeysIn(conditions).map((leadingKey) => ({ ...permission, leadingKey }));
      }),
    ),
  );
}

function leadingKeysIn(
  conditions: readonly (readonly [string, Readonly<Record<string, string | readonly string[]>>])[],
) {
  return conditions.flatMap(([operator, keys]) => {
    const { 'dynamodb:LeadingKeys': patterns, ...others } = keys;
    const isKnown = /^ForAllValues:String(Like|Equals)$/.test(operator) && Object.keys(others).length === 0;
    if (!isKnown || patterns === undefined)
      throw new Error(`Nobody checks the condition ${operator} ${Object.keys(keys)}`);
    return [patterns].flat();
  });
}

const matches = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.$+()[\]{}|^\\?]/g, '\\$&'))
      .join('.*')}$`,
    's',
  ).test(text);

const concerns = (permission: Permission, need: Need): boolean =>
  permission.role === need.role &&
  permission.action === need.action &&
  matches(permission.resource, need.resource) &&
  (permission.leadingKey === undefined ||
    (need.leadingKeys ?? []).length === 0 ||
    (need.leadingKeys ?? []).some((key) => matches(permission.leadingKey as string, key)));

/** Whether a single statement covers all keys of a need: IAM does not put two statements together for one request. */
function isAllowed(permissions: readonly Permission[], need: Need): boolean {
  const concerning = permissions.filter((permission) => concerns(permission, need));
  return concerning.some(({ statement, resource }) => {
    const patterns = concerning.filter((other) => other.statement === statement && other.resource === resource);
    return (need.leadingKeys ?? []).every((key) =>
      patterns.some(({ leadingKey }) => leadingKey === undefined || matches(leadingKey, key)),
    );
  });
}

/** What is needed and allowed by nothing. */
export const missing = (permissions: readonly Permission[], needs: readonly Need[]): Need[] =>
  needs.filter((need) => !isAllowed(permissions, need));

/** What is allowed and could be taken away without a call that misses it. */
export const superfluous = (permissions: readonly Permission[], needs: readonly Need[]): Permission[] =>
  permissions.filter(
    (permission) =>
      missing(
        permissions.filter((other) => other !== permission),
        needs.filter((need) => concerns(permission, need)),
      ).length === 0,
  );

/** How resources are called. */
export interface Names {
  readonly region: string;
  readonly account: string;
  /** Partition keys of the tables, and of their indexes as `table/index`, by name. */
  readonly partitionKeys: ReadonlyMap<string, string>;
}

type Item = Readonly<Record<string, Readonly<Record<string, string>>>>;

interface ItemRequest {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
}

/** A put or a deletion. */
type BatchedWrite = Readonly<Record<'PutRequest' | 'DeleteRequest', Omit<ItemRequest, 'TableName'>>>;

interface QueryRequest {
  readonly TableName: string;
  readonly IndexName?: string;
  readonly KeyConditionExpression: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues: Item;
}

/** Actions of the parts of a transaction: it is none itself. */
const TRANSACTION_ACTIONS = {
  Put: 'dynamodb:PutItem',
  Update: 'dynamodb:UpdateItem',
  Delete: 'dynamodb:DeleteItem',
  ConditionCheck: 'dynamodb:ConditionCheckItem',
  Get: 'dynamodb:GetItem',
} as const;

/**
 * The parts of a transaction, each with its own key and again with the keys of all parts on its table. AWS says that it
 * supplies `LeadingKeys` in transactions, and not of which parts; no emulator evaluates it. Roles have to do in both
 * readings, which shows that neither is relied on, and not which of them is true.
 */
function inBothReadings(parts: readonly Need[]): Need[] {
  const together = parts.map(({ leadingKeys: _, ...part }) => {
    const ofTable = parts.filter(({ resource }) => resource === part.resource);
    return { ...part, leadingKeys: [...new Set(ofTable.flatMap(({ leadingKeys = [] }) => leadingKeys))] };
  });
  return [...parts, ...together];
}

/** What the role of the caller must allow for a call. */
export function needsOf(role: string, { service, operation, input }: Call, names: Names): Need[] {
  const arn = (of: string, resource: string) => `arn:aws:${of}:${names.region}:${names.account}:${resource}`;
  const item = (action: string, { TableName, Key, Item }: ItemRequest): Need => {
    const partitionKey = names.partitionKeys.get(TableName) as string;
    const leadingKey = (Key ?? Item)?.[partitionKey]?.S;
    const resource = arn('dynamodb', `table/${TableName}`);
    return { role, action, resource, ...(leadingKey ? { leadingKeys: [leadingKey] } : {}) };
  };
  const action = `${service}:${operation}`;
  switch (action) {
    case 'dynamodb:TransactWriteItems':
    case 'dynamodb:TransactGetItems':
      return inBothReadings(
        (input.TransactItems as Readonly<Record<keyof typeof TRANSACTION_ACTIONS, ItemRequest>>[]).flatMap((part) =>
          Object.entries(part).map(([kind, request]) =>
            item(TRANSACTION_ACTIONS[kind as keyof typeof TRANSACTION_ACTIONS], request),
          ),
        ),
      );
    case 'dynamodb:BatchGetItem':
      return Object.entries(input.RequestItems as Record<string, { Keys: Item[] }>).flatMap(([TableName, { Keys }]) =>
        Keys.map((Key) => item(action, { TableName, Key })),
      );
    case 'dynamodb:BatchWriteItem':
      return Object.entries(input.RequestItems as Record<string, BatchedWrite[]>).flatMap(([TableName, writes]) =>
        writes.flatMap((write) => Object.values(write).map((request) => item(action, { TableName, ...request }))),
      );
    case 'dynamodb:Query': {
      const { TableName, IndexName } = input as unknown as QueryRequest;
      const [name, path] =
        IndexName === undefined
          ? [TableName, TableName]
          : [`${TableName}/${IndexName}`, `${TableName}/index/${IndexName}`];
      const leadingKey = queriedKey(input as unknown as QueryRequest, names.partitionKeys.get(name) as string);
      return [{ role, action, resource: arn('dynamodb', `table/${path}`), leadingKeys: [leadingKey] }];
    }
    case 'secretsmanager:GetSecretValue':
      return [{ role, action, resource: String(input.SecretId) }];
    case 'sqs:SendMessage':
      return [{ role, action, resource: arn('sqs', String(input.QueueUrl).split('/').at(-1) as string) }];
    case 'execute-api:ManageConnections': {
      const [, api, stage, connection] = /([^/]+)\/([^/]+)\/(@connections\/[^/]+)$/.exec(
        decodeURIComponent(String(input.path)),
      ) as RegExpExecArray;
      return [{ role, action, resource: arn('execute-api', `${api}/${stage}/${input.method}/${connection}`) }];
    }
    case 'sns:Publish':
      return [{ role, action, resource: String(input.TopicArn) }];
    default:
      return [item(action, input as unknown as ItemRequest)];
  }
}

/** A function, as Lambda knows it. */
export interface HostedFunction {
  readonly role: string;
  readonly logGroup: string;
  /** ARN of the stream that feeds it. */
  readonly stream?: string | undefined;
  /** ARN of the queue for what it cannot handle. */
  readonly onFailure?: string | undefined;
}

/**
 * What the role must allow for Lambda's own sake: it writes the log of a function and reads its stream in the name of its
 * role, which nobody but Lambda sees.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export function needsOfLambda({ role, logGroup, stream, onFailure }: HostedFunction, names: Names): Need[] {
  const group = `arn:aws:logs:${names.region}:${names.account}:log-group:${logGroup}`;
  const need = (action: string, resource: string): Need => ({ role, action, resource });
  return [
    need('logs:CreateLogStream', `${group}:log-stream:1`),
    need('logs:PutLogEvents', `${group}:log-stream:1`),
    ...(stream === undefined
      ? []
      : [
          need('dynamodb:DescribeStream', stream),
          need('dynamodb:GetRecords', stream),
          need('dynamodb:GetShardIterator', stream),
          need('dynamodb:ListStreams', stream.replace(/[^/]*$/, '*')),
        ]),
    ...(onFailure === undefined ? [] : [need('sqs:SendMessage', onFailure)]),
  ];
}

/** @returns the value to which a query holds the partition key */
function queriedKey(query: QueryRequest, partitionKey: string): string {
  const { KeyConditionExpression, ExpressionAttributeNames = {}, ExpressionAttributeValues } = query;
  for (const [, name = '', value = ''] of KeyConditionExpression.matchAll(/([#\w]+)\s*=\s*(:\w+)/g))
    if ((ExpressionAttributeNames[name] ?? name) === partitionKey) return ExpressionAttributeValues[value]?.S as string;
  throw new Error(`No partition key in ${KeyConditionExpression}`);
}
