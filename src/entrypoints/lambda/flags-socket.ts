import type { Context } from 'aws-lambda';
import { AnswerClient } from '../../domain/flags/answer-client.ts';
import { ConnectClient } from '../../domain/flags/connect-client.ts';
import { SUBPROTOCOL } from '../../domain/flags/socket-messages.ts';
import { DomainError } from '../../domain/shared/domain-error.ts';
import type { ConnectionRegistry } from '../../ports/flags.ts';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { hostedConnectionsModule, ports, settings } from '../composition/flags/function-modules.ts';
import { beginInvocation } from '../composition/function-logger.ts';

/** What API Gateway tells of a connection of a WebSocket API. Query and headers come with the first event alone. */
interface SocketEvent {
  readonly requestContext: {
    readonly eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT';
    readonly connectionId: string;
    readonly requestId?: string;
  };
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null;
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  readonly body?: string | null;
}

interface SocketResponse {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const DONE: SocketResponse = { statusCode: 200 };

/** With which status a client is refused, by the code of the refusal. */
const STATUSES: Readonly<Record<string, number>> = { UNAUTHORIZED: 401, FORBIDDEN: 403, STORE_UNAVAILABLE: 503 };

const container = composeWorker({ settings }, (config) => [dynamoDbModule, hostedConnectionsModule(config)]);
const lifecycle = container.get(system.lifecycle);
const logger = container.get(system.logger);
const connectClient = container.get(ConnectClient);
const answerClient = container.get(AnswerClient);
const registry: ConnectionRegistry = container.get(ports.registry);

/** Clients of flags, whose connections API Gateway holds: they come with a ticket, say something, and go. */
export const handler = async (
  event: SocketEvent,
  { awsRequestId }: Pick<Context, 'awsRequestId'>,
): Promise<SocketResponse> => {
  const { eventType, connectionId, requestId } = event.requestContext;
  beginInvocation({ awsRequestId, gatewayRequestId: requestId });
  await lifecycle.resume();
  if (eventType === 'CONNECT') return connect(connectionId, event);
  if (eventType === 'MESSAGE') {
    const refusal = await answerClient.execute(connectionId, event.body ?? '');
    if (refusal) logger.info({ connectionId, code: refusal }, 'disconnected a client of flags');
    return DONE;
  }
  const connection = await registry.get(connectionId);
  if (connection) await registry.close(connection);
  return DONE;
};

async function connect(connectionId: string, { queryStringParameters, headers }: SocketEvent): Promise<SocketResponse> {
  const { set = '', ticket = '' } = queryStringParameters ?? {};
  try {
    await connectClient.execute(connectionId, set, ticket);
  } catch (error) {
    const statusCode = error instanceof DomainError ? STATUSES[error.code] : undefined;
    if (statusCode === undefined) throw error;
    logger.info({ connectionId, set, code: (error as DomainError).code }, 'refused a client of flags');
    return { statusCode };
  }
  // A browser that has named a protocol takes no answer without it.
  return asksForProtocol(headers ?? {}) ? { ...DONE, headers: { 'Sec-WebSocket-Protocol': SUBPROTOCOL } } : DONE;
}

const asksForProtocol = (headers: NonNullable<SocketEvent['headers']>): boolean =>
  Object.entries(headers).some(
    ([name, value = '']) =>
      name.toLowerCase() === 'sec-websocket-protocol' && value.split(/ *, */).includes(SUBPROTOCOL),
  );
