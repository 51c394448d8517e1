import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import { PolicySnapshot } from '../../../adapters/caching/policy-snapshot.ts';
import { DynamoDbPolicyStore } from '../../../adapters/dynamodb/policy-store.ts';
import { MemoryPoliciesInForce, MemoryPolicyStore } from '../../../adapters/memory/policy-store.ts';
import { ageingClock } from '../../../adapters/system/elapsed-time.ts';
import { ExplainDecision } from '../../../domain/access/explain-decision.ts';
import { FindPolicies } from '../../../domain/access/find-policies.ts';
import { AT_ONCE, type Propagation, WITHIN_SECONDS } from '../../../domain/access/propagation.ts';
import { ReadAccess } from '../../../domain/access/read-access.ts';
import type { PoliciesInForce, PolicyStore } from '../../../ports/access.ts';
import type { Clock } from '../../../ports/system.ts';
import type { AccessConfig } from '../../config/access.ts';
import { isEmbedded } from '../../config/core.ts';
import { system } from '../compose.ts';
import { bindStore } from '../dynamodb.ts';
import { embedded } from '../embedded.ts';
import { provide, token } from '../token.ts';
import { bindTokens } from './tokens.ts';

export const ports = {
  policies: token<PolicyStore>('PolicyStore'),
  inForce: token<PoliciesInForce>('PoliciesInForce'),
  /** The time by which what is known of policies ages. */
  elapsed: token<Clock>('PoliciesClock'),
  propagation: token<Propagation>('Propagation'),
};

const memoryPolicies = token<MemoryPolicyStore>('MemoryPolicyStore');

/** Binds the ports of the access context to the adapters of the configured profile, and its use cases to the ports. */
export const accessModule = (config: AccessConfig): ContainerModule =>
  new ContainerModule((options) => {
    const { bind } = options;
    if (isEmbedded(config)) bindEmbeddedPolicies(options);
    else bindSharedPolicies(options, config);
    bind(ports.elapsed).toResolvedValue((machine) => ageingClock(() => machine.now()), [system.machineClock]);
    provide(bind, FindPolicies, ports.policies);
    provide(bind, ReadAccess, ports.inForce);
    provide(bind, ExplainDecision, ports.policies);
    bindTokens(options, config);
  });

function bindEmbeddedPolicies({ bind }: ContainerModuleLoadOptions): void {
  bind(memoryPolicies).toResolvedValue(({ maps }) => new MemoryPolicyStore(maps), [embedded]);
  bind(ports.policies).toResolvedValue((storage, store) => storage.durable(store), [embedded, memoryPolicies]);
  // Requests are judged by what the process holds, and do not wait for the disk.
  bind(ports.inForce).toResolvedValue((store) => new MemoryPoliciesInForce(store), [memoryPolicies]);
  bind(ports.propagation).toConstantValue(AT_ONCE);
}

function bindSharedPolicies({ bind }: ContainerModuleLoadOptions, config: AccessConfig): void {
  bindStore(bind, ports.policies, (client) => new DynamoDbPolicyStore(client, config.POLICIES_TABLE));
  bind(ports.inForce).toResolvedValue(
    (store, elapsed) => new PolicySnapshot(store, elapsed),
    [ports.policies, ports.elapsed],
  );
  bind(ports.propagation).toConstantValue(WITHIN_SECONDS);
}
