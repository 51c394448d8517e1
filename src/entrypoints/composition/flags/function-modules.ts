// What the functions need that answer clients of flags: neither routes nor what checks tokens is in their bundles.
import { setTimeout as pause } from 'node:timers/promises';
import { ContainerModule } from 'inversify';
import { ApiGatewayConnectionHost, managementClient } from '../../../adapters/apigateway/connection-host.ts';
import { PolicySnapshot } from '../../../adapters/caching/policy-snapshot.ts';
import { DynamoDbConnectionRegistry } from '../../../adapters/dynamodb/connection-registry.ts';
import { DynamoDbFlagStore } from '../../../adapters/dynamodb/flag-store.ts';
import { DynamoDbFlagTickets } from '../../../adapters/dynamodb/flag-tickets.ts';
import { DynamoDbPolicyStore } from '../../../adapters/dynamodb/policy-store.ts';
import { sha256 } from '../../../adapters/system/digest.ts';
import { ageingClock } from '../../../adapters/system/elapsed-time.ts';
import { AdvanceFlagSet } from '../../../domain/flags/advance-flag-set.ts';
import { AnswerClient } from '../../../domain/flags/answer-client.ts';
import { ConnectClient } from '../../../domain/flags/connect-client.ts';
import { CurrentFlagSets } from '../../../domain/flags/current-flag-sets.ts';
import { DeliverMessages } from '../../../domain/flags/deliver-messages.ts';
import { PushChanges } from '../../../domain/flags/push-changes.ts';
import { socketText } from '../../../domain/flags/socket-text.ts';
import { SweepConnections } from '../../../domain/flags/sweep-connections.ts';
import { FlagTickets } from '../../../domain/flags/tickets.ts';
import type { PoliciesInForce } from '../../../ports/access.ts';
import type { ConnectionHost, ConnectionRegistry, ConnectionRights, FlagStore } from '../../../ports/flags.ts';
import type { Clock } from '../../../ports/system.ts';
import { settings as accessSettings } from '../../config/access.ts';
import type { CoreConfig } from '../../config/core.ts';
import { settings as flagsSettings } from '../../config/flags.ts';
import { ConfigError } from '../../config/read-config.ts';
import type { Values } from '../../config/settings.ts';
import { system } from '../compose.ts';
import { bindStore, dynamoDb } from '../dynamodb.ts';
import { provide, token } from '../token.ts';

/** Those of flags, and where the policies are by which clients are judged. */
export const settings = { ...flagsSettings, POLICIES_TABLE: accessSettings.POLICIES_TABLE };

type HostedConfig = CoreConfig & Values<typeof settings>;

/** How often a schedule sweeps, s. It has no shorter interval. */
const ALIVE_SECONDS = 60;

export const ports = {
  flags: token<FlagStore>('FlagStore'),
  registry: token<ConnectionRegistry>('ConnectionRegistry'),
  host: token<ConnectionHost>('ConnectionHost'),
  rights: token<ConnectionRights>('ConnectionRights'),
  elapsed: token<Clock>('PoliciesClock'),
};

/** Clients whose connections API Gateway holds. @throws ConfigError when nothing says where */
export const hostedConnectionsModule = (config: HostedConfig): ContainerModule =>
  new ContainerModule(({ bind }) => {
    const { SOCKET_CONNECTIONS_URL: endpoint } = config;
    if (endpoint === undefined) throw new ConfigError(['SOCKET_CONNECTIONS_URL is needed by this function']);
    bindStore(bind, ports.flags, (client) => new DynamoDbFlagStore(client, config.FLAGS_TABLE));
    bind(ports.elapsed).toResolvedValue((machine) => ageingClock(() => machine.now()), [system.machineClock]);
    bind(ports.registry).toResolvedValue(
      (client, clock) => new DynamoDbConnectionRegistry(client, config.FLAGS_TABLE, clock),
      [dynamoDb, system.clock],
    );
    bind(ports.host).toResolvedValue(
      (lifecycle) => {
        const client = managementClient(endpoint);
        lifecycle.onClose(() => client.destroy());
        return new ApiGatewayConnectionHost(client);
      },
      [system.lifecycle],
    );
    bind(ports.rights).toResolvedValue(
      (client, elapsed, clock) =>
        rightsBy(new PolicySnapshot(new DynamoDbPolicyStore(client, config.POLICIES_TABLE), elapsed), clock),
      [dynamoDb, ports.elapsed, system.clock],
    );
    bind(FlagTickets).toResolvedValue(
      (client, flags, clock, ids) =>
        new FlagTickets(new DynamoDbFlagTickets(client, config.FLAGS_TABLE), flags, clock, ids, sha256),
      [dynamoDb, ports.flags, system.clock, system.ids],
    );
    bind(DeliverMessages).toResolvedValue(
      (registry, host, rights) =>
        new DeliverMessages(registry, host, rights, (message) => socketText(message, ALIVE_SECONDS), pause),
      [ports.registry, ports.host, ports.rights],
    );
    provide(bind, AdvanceFlagSet, ports.flags, system.clock);
    provide(bind, CurrentFlagSets, ports.flags, AdvanceFlagSet, system.clock, ports.elapsed);
    provide(bind, ConnectClient, FlagTickets, ports.rights, ports.registry);
    provide(bind, AnswerClient, ports.registry, ports.rights, CurrentFlagSets, DeliverMessages);
    provide(bind, PushChanges, ports.flags, DeliverMessages, system.clock);
    provide(bind, SweepConnections, ports.flags, CurrentFlagSets, DeliverMessages);
  });

/**
 * By what policies say of the route of the socket. Where they cannot be read, those count that were read last: a connection
 * goes on for a while rather than to end for all.
 */
const rightsBy = (inForce: PoliciesInForce, clock: Pick<Clock, 'now'>): ConnectionRights => ({
  mayConnect: async ({ subjects, expiresAt }, setId) => {
    if (expiresAt !== undefined && expiresAt <= clock.now()) return false;
    const policies = await Promise.resolve()
      .then(() => inForce.current())
      .catch((error) => {
        const last = inForce.lastKnown();
        if (!last) throw error;
        return last;
      });
    return policies.decide(subjects, 'GET', ['flag-sets', setId, 'socket']).allowed;
  },
});
