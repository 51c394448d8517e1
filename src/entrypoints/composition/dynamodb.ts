import { type Bind, ContainerModule, type ServiceIdentifier } from 'inversify';
import { documentClient } from '../../adapters/dynamodb/client.ts';
import { StoreClock } from '../../adapters/dynamodb/store-clock.ts';
import { system } from './compose.ts';
import { token } from './token.ts';

/** The one DynamoDB client of a process, shared by the adapters of all contexts. */
export const dynamoDb = token<ReturnType<typeof documentClient>>('DynamoDBDocumentClient');

const storeClock = token<StoreClock>('StoreClock');

/** The client and, in place of the machine's clocks, that of the store. */
export const dynamoDbModule = new ContainerModule(({ bind, rebind }) => {
  bind(dynamoDb).toResolvedValue(
    (lifecycle, clock) => {
      const client = documentClient();
      clock.listenTo(client);
      lifecycle.onClose(() => client.destroy());
      return client;
    },
    [system.lifecycle, storeClock],
  );
  bind(storeClock).toResolvedValue(
    (lifecycle, logger) => {
      const clock = new StoreClock({
        ask: () => lifecycle.reach('store'),
        onSkew: (machine, store) => logger.warn(...skewed(machine, store)),
      });
      lifecycle.onResume(() => clock.sync());
      lifecycle.degradesWithout('clock', async () => {
        await clock.sync();
        return clock.isSkewed ? 'skewed' : 'ok';
      });
      return clock;
    },
    [system.lifecycle, system.logger],
  );
  rebind(system.clock).toService(storeClock);
  rebind(system.steadyClock).toService(storeClock);
});

/** Binds a store on the one client, without which the service is not ready. */
export function bindStore<Store extends { get(id: string): Promise<unknown> }>(
  bind: Bind,
  port: ServiceIdentifier<Store>,
  make: (client: ReturnType<typeof documentClient>) => Store,
): void {
  bind<Store>(port).toResolvedValue(
    (client, lifecycle) => {
      const store = make(client);
      lifecycle.dependsOn('store', async () => void (await store.get('readiness')));
      return store;
    },
    [dynamoDb, system.lifecycle],
  );
}

/** What the log says of a clock that is wrong. Both in epoch ms. */
function skewed(machine: number, store: number): [fields: object, message: string] {
  const seconds = (Math.abs(machine - store) / 1_000).toFixed(1);
  const times = { machine: new Date(machine).toISOString(), store: new Date(store).toISOString() };
  return [
    { ...times, differenceMs: machine - store },
    `the clock of this machine is ${seconds} s ${machine > store ? 'ahead of' : 'behind'} the store's ` +
      `(${times.machine}, where the store has ${times.store}): the store's time counts, and the clock should be set right`,
  ];
}
