import { MemoryRateCache } from '../../src/adapters/memory/rate-cache.ts';
import { MemoryStockStore } from '../../src/adapters/memory/stock-store.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { describeRateCache } from './rate-cache.contract.ts';
import { describeStockStore } from './stock-store.contract.ts';

describeStockStore('memory', async () => new MemoryStockStore());

describeRateCache('memory', async () => {
  const clock = new FakeClock();
  const cache = new MemoryRateCache(clock);
  return { cache, other: cache, pass: async (ms) => clock.advance(ms) };
});
