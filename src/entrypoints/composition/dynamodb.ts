import { ContainerModule } from 'inversify';
import { documentClient } from '../../adapters/dynamodb/client.ts';
import { system } from './compose.ts';
import { token } from './token.ts';

/** The one DynamoDB client of a process, shared by the adapters of all contexts. */
export const dynamoDb = token<ReturnType<typeof documentClient>>('DynamoDBDocumentClient');

export const dynamoDbModule = new ContainerModule(({ bind }) => {
  bind(dynamoDb).toResolvedValue(
    (lifecycle) => {
      const client = documentClient();
      lifecycle.onClose(() => client.destroy());
      return client;
    },
    [system.lifecycle],
  );
});
