import { startFakeRateProvider } from '../../demo/rate-provider.ts';
import { type RateService, rateFormats } from '../../src/adapters/http/rate-formats.ts';
import { HttpRateSource } from '../../src/adapters/http/rate-source.ts';
import { FakeClock, seededRandom } from '../helpers/fakes.ts';
import { describeRateSource } from './rate-source.contract.ts';

const KEY = 'do-not-show-0123456789abcdef';

for (const service of Object.keys(rateFormats) as RateService[])
  describeRateSource(service, async () => {
    const provider = await startFakeRateProvider();
    provider.state.asOf = Date.UTC(2025, 11, 31);
    const { keyParameter = 'key' } = rateFormats[service] as { keyParameter?: string };
    const url = new URL(`${provider.url}/prefix/?${keyParameter}=${KEY}`);
    const source = new HttpRateSource({
      service,
      url,
      clock: new FakeClock(),
      maxAsOfAgeMs: 604_800_000,
      random: seededRandom(1),
    });
    return { source, provider, key: KEY };
  });
