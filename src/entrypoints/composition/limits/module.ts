import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import { GuardedLimitStore } from '../../../adapters/caching/guarded-limit-store.ts';
import { KnownLimitPolicies } from '../../../adapters/caching/known-limit-policies.ts';
import { documentClient } from '../../../adapters/dynamodb/client.ts';
import { LeasedLimits } from '../../../adapters/dynamodb/leased-limits.ts';
import { DynamoDbLimitCounts } from '../../../adapters/dynamodb/limit-counts.ts';
import { DynamoDbLimitPolicyStore } from '../../../adapters/dynamodb/limit-policy-store.ts';
import { DynamoDbLimitStore } from '../../../adapters/dynamodb/limit-store.ts';
import { MemoryLimitCounts } from '../../../adapters/memory/limit-counts.ts';
import { MemoryLimitPolicyStore } from '../../../adapters/memory/limit-policy-store.ts';
import { MemoryLimitStore } from '../../../adapters/memory/limit-store.ts';
import { lazyRedis } from '../../../adapters/redis/lazy-redis.ts';
import { RedisLimitStore } from '../../../adapters/redis/limit-store.ts';
import { sha256 } from '../../../adapters/system/digest.ts';
import { ageingClock, elapsedTime } from '../../../adapters/system/elapsed-time.ts';
import { DeleteLimit } from '../../../domain/limits/delete-limit.ts';
import { GetLimit } from '../../../domain/limits/get-limit.ts';
import { Limiter } from '../../../domain/limits/limiter.ts';
import { ListLimits } from '../../../domain/limits/list-limits.ts';
import { PutLimit } from '../../../domain/limits/put-limit.ts';
import { ReadKey } from '../../../domain/limits/read-key.ts';
import { ResetKey } from '../../../domain/limits/reset-key.ts';
import { TakeFromLimit } from '../../../domain/limits/take-from-limit.ts';
import { isEmbedded } from '../../config/core.ts';
import type { LimitsConfig } from '../../config/limits.ts';
import { system } from '../compose.ts';
import { bindStore, dynamoDb } from '../dynamodb.ts';
import { bindEmbedded, embedded } from '../embedded.ts';
import { atMostEvery } from '../lifecycle.ts';
import { provide } from '../token.ts';
import { ports } from './tokens.ts';

/** Binds the ports of the limits context to the adapters of the configured profile, and its use cases to the ports. */
export const limitsModule = (config: LimitsConfig): ContainerModule =>
  new ContainerModule((options) => {
    if (isEmbedded(config)) bindEmbeddedStores(options);
    else bindDynamoDbStores(options, config);
    if (config.CACHE === 'redis') bindRedis(options, config);
    bindLocal(options);
    bindUseCases(options);
  });

function bindEmbeddedStores({ bind }: ContainerModuleLoadOptions): void {
  bindEmbedded(bind, ports.policies, ({ maps }) => new MemoryLimitPolicyStore(maps));
  bind(ports.limits).toResolvedValue(
    (storage, clock) => storage.durable(new MemoryLimitStore(clock, storage.maps)),
    [embedded, ports.localClock],
  );
  bind(ports.counts).toResolvedValue(
    ({ maps }, lifecycle) => {
      const counts = new MemoryLimitCounts(maps);
      lifecycle.onClose(() => counts.flush());
      return counts;
    },
    [embedded, system.lifecycle],
  );
}

/** A take that gets no answer in time is decided without the store: to repeat it might take twice. */
const ATTEMPTS = 1;
const ANSWER_TIMEOUT_MS = 250;
/** A function may answer many requests in a second, and would store its counts after each. */
const SETTLE_EVERY_MS = 1_000;

function bindDynamoDbStores({ bind }: ContainerModuleLoadOptions, config: LimitsConfig): void {
  const table = config.LIMITS_TABLE;
  bindStore(bind, ports.policies, (client) => new DynamoDbLimitPolicyStore(client, table));
  bind(ports.limits).toResolvedValue(
    (clock, lifecycle) => {
      const client = documentClient(ANSWER_TIMEOUT_MS, ATTEMPTS);
      lifecycle.onClose(() => client.destroy());
      const elapsed = elapsedTime();
      return new GuardedLimitStore(new LeasedLimits(new DynamoDbLimitStore(client, table, clock), elapsed), elapsed);
    },
    [system.clock, system.lifecycle],
  );
  bind(ports.counts).toResolvedValue(
    (client, clock, ids, lifecycle, logger) => {
      const counts = new DynamoDbLimitCounts(client, table, clock, ids);
      // What is not stored now is stored later, and no request fails for it.
      const flush = () => counts.flush().catch((err) => logger.warn({ err }, 'counts of limits could not be stored'));
      lifecycle.onSettle(atMostEvery(SETTLE_EVERY_MS, flush));
      lifecycle.onClose(flush);
      return counts;
    },
    [dynamoDb, system.clock, system.ids, system.lifecycle, system.logger],
  );
}

/** Policies and counts stay in the store. */
function bindRedis({ rebind }: ContainerModuleLoadOptions, config: LimitsConfig): void {
  rebind(ports.limits).toResolvedValue(
    (lifecycle, random, logger) => {
      const redis = lazyRedis({
        url: config.REDIS_URL as string,
        random,
        onDown: (reason) => logger.warn({ reason }, 'Redis cannot be reached: limits are not shared until it can'),
      });
      lifecycle.onClose(() => redis.disconnect());
      const elapsed = elapsedTime();
      return new GuardedLimitStore(new RedisLimitStore(redis, elapsed), elapsed);
    },
    [system.lifecycle, system.random, system.logger],
  );
}

function bindLocal({ bind }: ContainerModuleLoadOptions): void {
  bind(ports.localClock).toResolvedValue((machine) => ageingClock(() => machine.now()), [system.machineClock]);
  bind(ports.local).toResolvedValue((clock) => new MemoryLimitStore(clock), [ports.localClock]);
  bind(ports.known).toResolvedValue((store) => new KnownLimitPolicies(store, elapsedTime()), [ports.policies]);
}

function bindUseCases({ bind }: ContainerModuleLoadOptions): void {
  const { policies, known, limits, local, counts } = ports;
  provide(bind, Limiter, limits, local, counts);
  provide(bind, PutLimit, policies, system.clock, counts);
  provide(bind, GetLimit, policies, counts);
  provide(bind, ListLimits, policies, counts);
  provide(bind, DeleteLimit, policies);
  bind(ports.digest).toConstantValue(sha256);
  provide(bind, TakeFromLimit, known, Limiter, ports.digest);
  provide(bind, ReadKey, policies, limits);
  provide(bind, ResetKey, policies, limits);
}
