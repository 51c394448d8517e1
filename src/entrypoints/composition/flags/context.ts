import { ContainerModule } from 'inversify';
import { DynamoDbFlagStore, flagTableDefinition } from '../../../adapters/dynamodb/flag-store.ts';
import { DynamoDbFlagTickets } from '../../../adapters/dynamodb/flag-tickets.ts';
import { MemoryFlagStore } from '../../../adapters/memory/flag-store.ts';
import { MemoryFlagTickets } from '../../../adapters/memory/flag-tickets.ts';
import { sha256 } from '../../../adapters/system/digest.ts';
import { ageingClock } from '../../../adapters/system/elapsed-time.ts';
import { AdvanceFlagSet } from '../../../domain/flags/advance-flag-set.ts';
import { ChangeFlags } from '../../../domain/flags/change-flags.ts';
import { CreateFlagSet } from '../../../domain/flags/create-flag-set.ts';
import { CurrentFlagSets } from '../../../domain/flags/current-flag-sets.ts';
import { DeleteFlagSet } from '../../../domain/flags/delete-flag-set.ts';
import { FindFlagSets } from '../../../domain/flags/find-flag-sets.ts';
import { FlagTickets } from '../../../domain/flags/tickets.ts';
import type { FlagStore, FlagTicketStore } from '../../../ports/flags.ts';
import type { Clock, Digest } from '../../../ports/system.ts';
import { isEmbedded } from '../../config/core.ts';
import { type FlagsConfig, settings } from '../../config/flags.ts';
import { identifyByTicket } from '../../http/flags/identify.ts';
import { problems } from '../../http/flags/problems.ts';
import { flagsRoutes } from '../../http/flags/routes.ts';
import { system } from '../compose.ts';
import { defineContext } from '../context.ts';
import { bindStore, dynamoDb } from '../dynamodb.ts';
import { bindEmbedded } from '../embedded.ts';
import { provide, token } from '../token.ts';

const ports = {
  flags: token<FlagStore>('FlagStore'),
  tickets: token<FlagTicketStore>('FlagTicketStore'),
  digest: token<Digest>('FlagsDigest'),
  /** The time by which what is known of flags ages. */
  ages: token<Clock>('FlagsClock'),
};

const flagsModule = (config: FlagsConfig): ContainerModule =>
  new ContainerModule(({ bind }) => {
    if (isEmbedded(config)) bindEmbedded(bind, ports.flags, ({ maps }) => new MemoryFlagStore(maps));
    else bindStore(bind, ports.flags, (client) => new DynamoDbFlagStore(client, config.FLAGS_TABLE));
    if (isEmbedded(config)) bindEmbedded(bind, ports.tickets, ({ maps }) => new MemoryFlagTickets(maps));
    else
      bind(ports.tickets).toResolvedValue((client) => new DynamoDbFlagTickets(client, config.FLAGS_TABLE), [dynamoDb]);
    bind(ports.digest).toConstantValue(sha256);
    provide(bind, FlagTickets, ports.tickets, ports.flags, system.clock, system.ids, ports.digest);
    provide(bind, CreateFlagSet, ports.flags, system.clock, system.ids);
    provide(bind, AdvanceFlagSet, ports.flags, system.clock);
    bind(ports.ages).toResolvedValue((machine) => ageingClock(() => machine.now()), [system.machineClock]);
    provide(bind, CurrentFlagSets, ports.flags, AdvanceFlagSet, system.clock, ports.ages);
    provide(bind, FindFlagSets, ports.flags, AdvanceFlagSet);
    provide(bind, ChangeFlags, ports.flags, CurrentFlagSets, system.clock);
    provide(bind, DeleteFlagSet, ports.flags);
  });

export const flags = defineContext({
  name: 'flags',
  settings,
  module: flagsModule,
  problems,
  tables: (config) => [flagTableDefinition(config.FLAGS_TABLE)],
  routes: (container) =>
    flagsRoutes({
      createFlagSet: container.get(CreateFlagSet),
      findFlagSets: container.get(FindFlagSets),
      changeFlags: container.get(ChangeFlags),
      deleteFlagSet: container.get(DeleteFlagSet),
      current: container.get(CurrentFlagSets),
      tickets: container.get(FlagTickets),
      random: container.get(system.random),
    }),
  guards: (container, _, keyNames) =>
    identifyByTicket(container.get(FlagTickets), keyNames, () => container.get(system.lifecycle).resume()),
});
