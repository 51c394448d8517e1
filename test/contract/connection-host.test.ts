import { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { ApiGatewayConnectionHost, managementClient } from '../../src/adapters/apigateway/connection-host.ts';
import { MemoryConnectionHost } from '../../src/adapters/memory/connection-host.ts';
import { type FakeApiGateway, startApiGateway } from '../helpers/servers/api-gateway.ts';
import { describeConnectionHost } from './connection-host.contract.ts';

/** As the functions have it, with credentials. */
function clientOf({ endpoint }: FakeApiGateway): ApiGatewayManagementApiClient {
  const { requestHandler, maxAttempts } = managementClient(endpoint).config;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return new ApiGatewayManagementApiClient({ endpoint, region: 'eu-west-1', credentials, requestHandler, maxAttempts });
}

describeConnectionHost('memory', async () => {
  const host = new MemoryConnectionHost();
  return {
    host,
    connect: (id) => host.connect(id),
    sentTo: (id) => host.sentTo(id),
    close: async () => undefined,
  };
});
describeConnectionHost('API Gateway', async () => {
  const gateway = await startApiGateway();
  const client = clientOf(gateway);
  return {
    host: new ApiGatewayConnectionHost(client),
    connect: (id) => void gateway.connections.set(id, []),
    sentTo: (id) => gateway.connections.get(id),
    close: async () => {
      client.destroy();
      await gateway.stop();
    },
  };
});

let gateway: FakeApiGateway;
let host: ApiGatewayConnectionHost;
beforeEach(async () => {
  gateway = await startApiGateway();
  gateway.connections.set('one', []);
  host = new ApiGatewayConnectionHost(clientOf(gateway));
});
afterEach(() => gateway.stop());

it.each([
  [429, 'LimitExceededException'],
  [429, 'TooManyRequestsException'],
  [500, 'InternalServerError'],
  [503, 'ServiceUnavailable'],
  [0, 'a connection that breaks'],
])('a message that API Gateway cannot take just now may be sent later: %i %s', async (status, type) => {
  gateway.failure = [status, type];

  expect(await host.send('one', 'text')).toBe('refused');
  expect(gateway.requests()).toBe(1);
});

it('a message that will never be taken is a failure', async () => {
  gateway.failure = [403, 'ForbiddenException'];

  await expect(host.send('one', 'text')).rejects.toThrow();
  await expect(host.end('one')).rejects.toThrow();
});
