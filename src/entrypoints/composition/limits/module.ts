import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import { KnownLimitPolicies } from '../../../adapters/caching/known-limit-policies.ts';
import { MemoryLimitCounts } from '../../../adapters/memory/limit-counts.ts';
import { MemoryLimitPolicyStore } from '../../../adapters/memory/limit-policy-store.ts';
import { MemoryLimitStore } from '../../../adapters/memory/limit-store.ts';
import { ageingClock, elapsedTime } from '../../../adapters/system/elapsed-time.ts';
import { DeleteLimit } from '../../../domain/limits/delete-limit.ts';
import { GetLimit } from '../../../domain/limits/get-limit.ts';
import { Limiter } from '../../../domain/limits/limiter.ts';
import { ListLimits } from '../../../domain/limits/list-limits.ts';
import { PutLimit } from '../../../domain/limits/put-limit.ts';
import { ReadKey } from '../../../domain/limits/read-key.ts';
import { ResetKey } from '../../../domain/limits/reset-key.ts';
import { TakeFromLimit } from '../../../domain/limits/take-from-limit.ts';
import type { LimitsConfig } from '../../config/limits.ts';
import { system } from '../compose.ts';
import { bindEmbedded, embedded } from '../embedded.ts';
import { provide } from '../token.ts';
import { ports } from './tokens.ts';

/** Binds the ports of the limits context to the adapters of the configured profile, and its use cases to the ports. */
export const limitsModule = (_config: LimitsConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindEmbeddedStores(options);
    bindLocal(options);
    bindUseCases(options);
  });

function bindEmbeddedStores({ bind }: ContainerModuleLoadOptions): void {
  bindEmbedded(bind, ports.policies, ({ maps }) => new MemoryLimitPolicyStore(maps));
  bind(ports.limits).toResolvedValue(
    (storage, clock) => storage.durable(new MemoryLimitStore(clock, storage.maps)),
    [embedded, ports.localClock],
  );
  bindEmbedded(bind, ports.counts, ({ maps }) => new MemoryLimitCounts(maps));
}

function bindLocal({ bind }: ContainerModuleLoadOptions): void {
  bind(ports.localClock).toResolvedValue((machine) => ageingClock(() => machine.now()), [system.machineClock]);
  bind(ports.local).toResolvedValue((clock) => new MemoryLimitStore(clock), [ports.localClock]);
  bind(ports.known).toResolvedValue((store) => new KnownLimitPolicies(store, elapsedTime()), [ports.policies]);
}

function bindUseCases({ bind }: ContainerModuleLoadOptions): void {
  const { policies, known, limits, local, counts } = ports;
  provide(bind, Limiter, limits, local, counts);
  provide(bind, PutLimit, policies, system.clock);
  provide(bind, GetLimit, policies, counts);
  provide(bind, ListLimits, policies, counts);
  provide(bind, DeleteLimit, policies);
  provide(bind, TakeFromLimit, known, Limiter);
  provide(bind, ReadKey, policies, limits);
  provide(bind, ResetKey, policies, limits);
}
