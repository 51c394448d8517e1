import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import { CachedRates } from '../../../adapters/caching/cached-rates.ts';
import { FallbackRates } from '../../../adapters/caching/fallback-rates.ts';
import { DynamoDbStockStore } from '../../../adapters/dynamodb/stock-store.ts';
import { HttpRateSource } from '../../../adapters/http/rate-source.ts';
import { MemoryRateCache } from '../../../adapters/memory/rate-cache.ts';
import { ReferenceRates } from '../../../adapters/memory/reference-rates.ts';
import { MemoryStockStore } from '../../../adapters/memory/stock-store.ts';
import { lazyRedis } from '../../../adapters/redis/lazy-redis.ts';
import { RedisRateCache } from '../../../adapters/redis/rate-cache.ts';
import { ageingClock } from '../../../adapters/system/elapsed-time.ts';
import { ConvertAmount } from '../../../domain/stocks/convert-amount.ts';
import { DeleteStock } from '../../../domain/stocks/delete-stock.ts';
import { FindStocks } from '../../../domain/stocks/find-stocks.ts';
import { ListRates } from '../../../domain/stocks/list-rates.ts';
import { PutStock } from '../../../domain/stocks/put-stock.ts';
import { ValueStock } from '../../../domain/stocks/value-stock.ts';
import type { ExchangeRates, RateCache, RateSource, StockStore } from '../../../ports/stocks.ts';
import type { Clock } from '../../../ports/system.ts';
import { isEmbedded } from '../../config/core.ts';
import { freshnessRules, hasReference, liveSources, type StocksConfig } from '../../config/stocks.ts';
import { system } from '../compose.ts';
import { bindStore } from '../dynamodb.ts';
import { embedded, firstContent } from '../embedded.ts';
import { provide, token, value } from '../token.ts';

export const ports = {
  stocks: token<StockStore>('StockStore'),
  rateSources: token<readonly RateSource[]>('RateSource[]'),
  rateCache: token<RateCache>('RateCache'),
  exchangeRates: token<ExchangeRates>('ExchangeRates'),
  /** The time by which rates age. */
  ratesClock: token<Clock>('RatesClock'),
};

/** Binds the ports of the stocks context to the adapters of the configured profile, and its use cases to the ports. */
export const stocksModule = (config: StocksConfig): ContainerModule =>
  new ContainerModule((options) => {
    if (isEmbedded(config)) bindEmbeddedStore(options);
    else bindStore(options.bind, ports.stocks, (client) => new DynamoDbStockStore(client, config.STOCKS_TABLE));
    bindRates(options, config);
    if (config.CACHE === 'memory') bindMemoryCache(options);
    else bindRedisCache(options, config);
    bindUseCases(options, config);
  });

function bindEmbeddedStore({ bind }: ContainerModuleLoadOptions): void {
  bind(ports.stocks).toResolvedValue(
    (storage, clock) => {
      const stocks = firstContent(storage, 'stocks', () => [
        { stockId: 'AMZN', value: '97.00', currency: 'EUR', updatedAt: clock.now() },
      ]);
      return storage.durable(new MemoryStockStore(stocks, storage.maps));
    },
    [embedded, system.clock],
  );
}

function bindMemoryCache({ bind }: ContainerModuleLoadOptions): void {
  bind(ports.rateCache).toResolvedValue((clock) => new MemoryRateCache(clock), [ports.ratesClock]);
}

function bindRedisCache({ bind }: ContainerModuleLoadOptions, config: StocksConfig): void {
  bind(ports.rateCache).toResolvedValue(
    (sources, clock, lifecycle, random, logger) => {
      const redis = lazyRedis({
        url: config.REDIS_URL as string,
        random,
        onDown: (reason) => logger.warn({ reason }, 'Redis cannot be reached: rates are not shared until it can'),
      });
      lifecycle.onClose(() => redis.disconnect());
      const cache = new RedisRateCache(redis, {
        name: sharedName(sources, config),
        clock,
        onAhead: (ms) =>
          logger.warn({ aheadMs: ms }, 'the rates in Redis are dated past its own time: they are fetched again'),
      });
      lifecycle.degradesWithout('cache', () => cache.check().then(() => 'ok' as const));
      return cache;
    },
    [ports.rateSources, ports.ratesClock, system.lifecycle, system.random, system.logger],
  );
}

/** Processes with other sources or other rules do not share a table: one would serve what the other must not. */
function sharedName(sources: readonly RateSource[], config: StocksConfig): string {
  const rules = Object.values(freshnessRules(config)).map((ms) => ms / 1_000);
  // No address has a bare `>`.
  return `${sources.map(({ id }) => id).join('>')}:${rules.join('-')}`;
}

function bindRates({ bind }: ContainerModuleLoadOptions, config: StocksConfig): void {
  const sources = liveSources(config);
  const rules = freshnessRules(config);
  const { maxAsOfAgeMs } = rules;
  bind(ports.ratesClock).toResolvedValue((machine) => ageingClock(() => machine.now()), [system.machineClock]);
  bind(ports.rateSources).toResolvedValue(
    (clock, random) =>
      sources.map(({ name, url }) => new HttpRateSource({ service: name, url, maxAsOfAgeMs, clock, random })),
    [system.machineClock, system.random],
  );
  if (sources.length === 0) {
    bind(ports.exchangeRates).toResolvedValue(() => new ReferenceRates());
    return;
  }
  bind(ports.exchangeRates).toResolvedValue(
    (sources, cache, clock, machineClock, ids, logger, meter, lifecycle) => {
      const hasLastResort = hasReference(config);
      const rates = new CachedRates({
        sources,
        cache,
        rules,
        clock,
        machineClock,
        hasLastResort,
        holder: ids.next(),
        onStale: () => meter.record('StaleRates', 1, 'Count'),
        onError: (error, doing) => logger.warn({ err: error }, `${doing}: ${(error as Error).message}`),
      });
      lifecycle.onSettle(() => rates.flush());
      return hasLastResort ? new FallbackRates(rates, new ReferenceRates()) : rates;
    },
    [
      ports.rateSources,
      ports.rateCache,
      ports.ratesClock,
      system.machineClock,
      system.ids,
      system.logger,
      system.meter,
      system.lifecycle,
    ],
  );
}

function bindUseCases({ bind }: ContainerModuleLoadOptions, config: StocksConfig): void {
  const { stocks, exchangeRates, ratesClock } = ports;
  const { clock } = system;
  provide(bind, PutStock, stocks, clock);
  provide(bind, DeleteStock, stocks);
  provide(bind, FindStocks, stocks);
  provide(
    bind,
    ValueStock,
    stocks,
    exchangeRates,
    ratesClock,
    value(config.DEFAULT_CURRENCIES),
    value(config.ROUNDING),
  );
  provide(bind, ConvertAmount, exchangeRates, ratesClock, value(config.DEFAULT_CURRENCIES), value(config.ROUNDING));
  provide(bind, ListRates, exchangeRates, ratesClock);
}
