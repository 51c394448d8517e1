import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DynamoDbFlagStore } from '../../../src/adapters/dynamodb/flag-store.ts';
import { DynamoDbFlagTickets } from '../../../src/adapters/dynamodb/flag-tickets.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import { sha256 } from '../../../src/adapters/system/digest.ts';
import { ulids } from '../../../src/adapters/system/ids.ts';
import type { TicketHolder } from '../../../src/domain/flags/ticket.ts';
import { FlagTickets } from '../../../src/domain/flags/tickets.ts';
import { makeTables } from '../../../src/entrypoints/cli/operate.ts';
import { dynamoDbSettings } from '../../helpers/dynamodb-app.ts';
import { FunctionProcess } from '../../helpers/lambda/function-process.ts';
import { startApiGateway } from '../../helpers/servers/api-gateway.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, dynamoDbEnv } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';

await withServer('the function of the socket', startDynamoDbLocal, async ({ endpoint }) => {
  const settings: Record<string, string> = dynamoDbSettings(endpoint);
  const table = `${settings.TABLE_PREFIX}flags`;
  const client = await clientOf(endpoint);
  const gateway = await startApiGateway();
  const store = new DynamoDbFlagStore(client, table);
  const tickets = new FlagTickets(new DynamoDbFlagTickets(client, table), store, systemClock, ulids, sha256);
  let socket: FunctionProcess;

  beforeAll(async () => {
    await makeTables(settings);
    await store.create({ setId: 'web', createdAt: Date.now() });
    socket = await FunctionProcess.start('FlagsSocketFunction', 'flags-socket', {
      ...dynamoDbEnv(endpoint),
      FLAGS_TABLE: table,
      POLICIES_TABLE: `${settings.TABLE_PREFIX}policies`,
      SOCKET_CONNECTIONS_URL: gateway.endpoint,
    });
  }, 60_000);
  afterAll(async () => {
    client.destroy();
    await gateway.stop();
  });

  const happen = (eventType: string, connectionId: string, more: object = {}) =>
    socket.invoke({ requestContext: { eventType, connectionId, requestId: 'r' }, ...more });
  const ticketOf = async (holder: TicketHolder) => (await tickets.issue('web', 'socket', holder)).ticket;
  const connect = (connectionId: string, ticket: string | undefined, headers?: object) => {
    gateway.connections.set(connectionId, []);
    const queryStringParameters = ticket === undefined ? null : { set: 'web', ticket };
    return happen('CONNECT', connectionId, { queryStringParameters, ...(headers ? { headers } : {}) });
  };
  const key: TicketHolder = { keyName: 'page', subjects: ['key:page'] };

  it('lets in who brings a ticket, with the protocol that it names', async () => {
    const ticket = await ticketOf(key);

    expect(await connect('one', ticket, { 'Sec-WebSocket-Protocol': 'other, portside.flags.1' })).toEqual({
      statusCode: 200,
      headers: { 'Sec-WebSocket-Protocol': 'portside.flags.1' },
    });
    expect(await connect('again', ticket)).toEqual({ statusCode: 401 });
    expect(await connect('two', await ticketOf(key), { 'sec-websocket-protocol': 'other' })).toEqual({
      statusCode: 200,
    });
  });

  it('refuses everybody else', async () => {
    expect(await connect('three', undefined)).toEqual({ statusCode: 401 });
    expect(await connect('four', 'guessed')).toEqual({ statusCode: 401 });
    expect(await connect('five', await ticketOf({ subjects: ['group:nobody'] }))).toEqual({ statusCode: 403 });
    const expired = { subjects: ['key:page'], expiresAt: Date.now() - 10_000 } as const;
    expect(await connect('six', await ticketOf(expired))).toEqual({ statusCode: 403 });
  });

  it('answers what clients say, and forgets those who go', async () => {
    await connect('seven', await ticketOf(key));
    const hello = JSON.stringify({ type: 'hello', context: {}, contextId: 4 });
    expect(await happen('MESSAGE', 'seven', { body: hello })).toEqual({ statusCode: 200 });

    expect(gateway.connections.get('seven')?.map((text) => JSON.parse(text))).toEqual([
      { type: 'state', revision: 0, contextId: 4, asOf: expect.any(String), flags: [], aliveSeconds: 60 },
    ]);
    expect(await happen('DISCONNECT', 'seven')).toEqual({ statusCode: 200 });
    await happen('MESSAGE', 'seven', { body: hello });
    expect(gateway.connections.get('seven')).toHaveLength(1);
  });
});
