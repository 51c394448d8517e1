import { describe, expect, it } from '@jest/globals';
import type { Call } from './call-recorder.ts';
import { missing, needsOf, type PolicyDocument, permissionsIn, superfluous } from './least-privilege.ts';

const names = {
  region: 'eu-west-1',
  account: '1',
  partitionKeys: new Map([
    ['votes', 'pk'],
    ['votes/open', 'queue'],
  ]),
};
const table = 'arn:aws:dynamodb:eu-west-1:1:table/votes';

const call = (operation: string, input: object): Call => ({
  accessKeyId: 'ASIA1',
  service: 'dynamodb',
  operation,
  input: input as Call['input'],
  status: 200,
});
const needs = (operation: string, input: object) => needsOf('ApiRole', call(operation, input), names);

const policy = (...keys: readonly string[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'Read',
      Action: ['dynamodb:GetItem'],
      Resource: table,
      Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } },
    },
  ],
});
const get = (pk: string) => needs('GetItem', { TableName: 'votes', Key: { pk: { S: pk } } });

describe('least privilege', () => {
  it('misses what no statement allows: another action, table or key', () => {
    const permissions = permissionsIn('ApiRole', policy('POLL#*'));

    expect(missing(permissions, get('POLL#1'))).toEqual([]);
    for (const need of [
      ...get('VOTER#1'),
      ...needs('DeleteItem', { TableName: 'votes', Key: { pk: { S: 'POLL#1' } } }),
      ...needs('GetItem', { TableName: 'tallies', Key: { pk: { S: 'POLL#1' } } }),
    ])
      expect(missing(permissions, [need])).toEqual([need]);
    expect(missing(permissionsIn('OtherRole', policy('POLL#*')), get('POLL#1'))).toHaveLength(1);
  });

  it('finds what no call needs, and what is allowed twice', () => {
    expect(superfluous(permissionsIn('ApiRole', policy('POLL#*')), get('POLL#1'))).toEqual([]);
    expect(superfluous(permissionsIn('ApiRole', policy('POLL#*', 'VOTER#*')), get('POLL#1'))).toMatchObject([
      { statement: 'Read', leadingKey: 'VOTER#*' },
    ]);
    expect(superfluous(permissionsIn('ApiRole', policy('POLL#*', '*')), get('POLL#1'))).toHaveLength(2);
  });

  it('sees into transactions, batches and indexes', () => {
    const Put = { TableName: 'votes', Item: { pk: { S: 'BALLOT#1' } } };
    const Update = { TableName: 'votes', Key: { pk: { S: 'SHARD#1' } } };
    expect(needs('TransactWriteItems', { TransactItems: [{ Put }, { Update }] })).toMatchObject([
      { action: 'dynamodb:PutItem', leadingKeys: ['BALLOT#1'] },
      { action: 'dynamodb:UpdateItem', leadingKeys: ['SHARD#1'] },
      { action: 'dynamodb:PutItem', leadingKeys: ['BALLOT#1', 'SHARD#1'] },
      { action: 'dynamodb:UpdateItem', leadingKeys: ['BALLOT#1', 'SHARD#1'] },
    ]);
    expect(needs('BatchGetItem', { RequestItems: { votes: { Keys: [{ pk: { S: 'POLL#1' } }] } } })).toEqual([
      { role: 'ApiRole', action: 'dynamodb:BatchGetItem', resource: table, leadingKeys: ['POLL#1'] },
    ]);
    const deletions = ['COUNT#1', 'COUNT#2'].map((pk) => ({ DeleteRequest: { Key: { pk: { S: pk } } } }));
    expect(needs('BatchWriteItem', { RequestItems: { votes: deletions } })).toEqual(
      ['COUNT#1', 'COUNT#2'].map((key) => ({
        role: 'ApiRole',
        action: 'dynamodb:BatchWriteItem',
        resource: table,
        leadingKeys: [key],
      })),
    );
    const query = {
      TableName: 'votes',
      IndexName: 'open',
      KeyConditionExpression: 'at < :now AND #queue = :queue',
      ExpressionAttributeNames: { '#queue': 'queue' },
      ExpressionAttributeValues: { ':now': { S: '7' }, ':queue': { S: 'mail#1' } },
    };
    expect(needs('Query', query)).toMatchObject([{ resource: `${table}/index/open`, leadingKeys: ['mail#1'] }]);
  });

  it('reads which connection a call is about', () => {
    const input = { method: 'POST', path: '/_aws/execute-api/abc/v1/%40connections/L0SM%3D' };
    const connections = { ...call('ManageConnections', input), service: 'execute-api' };

    expect(needsOf('FlagsSocketRole', connections, names)).toEqual([
      {
        role: 'FlagsSocketRole',
        action: 'execute-api:ManageConnections',
        resource: 'arn:aws:execute-api:eu-west-1:1:abc/v1/POST/@connections/L0SM=',
      },
    ]);
  });

  it('holds a transaction against the keys of all its parts, too, which statements for each part do not allow', () => {
    const Put = { TableName: 'votes', Item: { pk: { S: 'BALLOT#1' } } };
    const Update = { TableName: 'votes', Key: { pk: { S: 'SHARD#1' } } };
    const vote = needs('TransactWriteItems', { TransactItems: [{ Put }, { Update }] });
    const statement = (Sid: string, Action: readonly string[], keys: readonly string[]) => ({
      ...(policy(...keys).Statement[0] as PolicyDocument['Statement'][number]),
      Sid,
      Action,
    });
    const [put, update] = ['dynamodb:PutItem', 'dynamodb:UpdateItem'];
    const apart = [statement('Put', [put], ['BALLOT#*']), statement('Update', [update], ['SHARD#*'])];
    const together = [statement('Vote', [put, update], ['BALLOT#*', 'SHARD#*'])];

    expect(missing(permissionsIn('ApiRole', { Version: '', Statement: apart }), vote)).toHaveLength(2);
    expect(missing(permissionsIn('ApiRole', { Version: '', Statement: together }), vote)).toEqual([]);
    expect(superfluous(permissionsIn('ApiRole', { Version: '', Statement: together }), vote)).toEqual([]);
  });

  it('does not pass over a condition that it does not know', () => {
    const [statement] = policy().Statement;
    const Condition = { StringEquals: { 'dynamodb:Select': 'COUNT' } };

    expect(() => permissionsIn('ApiRole', { Version: '', Statement: [{ ...statement, Condition } as never] })).toThrow(
      'StringEquals dynamodb:Select',
    );
  });
});
