import {
  ApiGatewayManagementApiClient,
  ApiGatewayManagementApiServiceException,
  DeleteConnectionCommand,
  GoneException,
  LimitExceededException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import type { Delivery } from '../../domain/flags/hosted-connection.ts';
import type { ConnectionHost } from '../../ports/flags.ts';
import { boundedRequests } from '../aws/bounded-requests.ts';

const ANSWER_TIMEOUT_MS = 2_000;
const TOO_MANY_REQUESTS = 429;

/**
 * Region and credentials are the SDK's own settings. Nothing is repeated here: who sends to many knows better whose turn it is.
 *
 * @param endpoint of the stage of the WebSocket API
 */
export const managementClient = (endpoint: string): ApiGatewayManagementApiClient =>
  new ApiGatewayManagementApiClient({
    endpoint,
    maxAttempts: 1,
    requestHandler: boundedRequests(ANSWER_TIMEOUT_MS),
  });

/** API Gateway, which holds the connections of a WebSocket API. */
export class ApiGatewayConnectionHost implements ConnectionHost {
  constructor(private readonly client: ApiGatewayManagementApiClient) {}

  async send(ConnectionId: string, text: string): Promise<Delivery> {
    try {
      await this.client.send(new PostToConnectionCommand({ ConnectionId, Data: Buffer.from(text) }));
      return 'sent';
    } catch (error) {
      return deliveryOf(error);
    }
  }

  async end(ConnectionId: string): Promise<void> {
    try {
      await this.client.send(new DeleteConnectionCommand({ ConnectionId }));
    } catch (error) {
      if (!(error instanceof GoneException)) throw error;
    }
  }
}

/** @throws what is wrong with the request itself, such as a role that does not allow it */
function deliveryOf(error: unknown): Delivery {
  if (error instanceof GoneException) return 'gone';
  const isTheirs =
    !(error instanceof ApiGatewayManagementApiServiceException) ||
    error instanceof LimitExceededException ||
    error.$fault === 'server' ||
    error.$metadata.httpStatusCode === TOO_MANY_REQUESTS;
  if (isTheirs && error instanceof Error) return 'refused';
  throw error;
}
