/**
 * A process of the service without its HTTP side, so that a test can have many. Each line on stdin is one round, as JSON:
 * `{ "name", "settings", "requests" }`. It is composed anew, values AMZN in dollars as often as that, all at once, and
 * prints the values as JSON on one line. A request that is told to come again comes again.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { DomainError } from '../../src/domain/shared/domain-error.ts';
import { ValueStock } from '../../src/domain/stocks/value-stock.ts';
import { compose, system } from '../../src/entrypoints/composition/compose.ts';
import { embeddedModule, inMemory } from '../../src/entrypoints/composition/embedded.ts';
import { stocks } from '../../src/entrypoints/composition/stocks/context.ts';
import { readConfig } from '../../src/entrypoints/config/read-config.ts';
import type { StocksConfig } from '../../src/entrypoints/config/stocks.ts';

export interface Round {
  /** Under this name the process holds leases. */
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly requests: number;
}

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await play(JSON.parse(line)))}\n`);

async function play({ name, settings, requests }: Round): Promise<(string | undefined)[]> {
  const config = readConfig(settings, [stocks]) as StocksConfig;
  const container = compose(pino({ level: 'silent' }), [embeddedModule(inMemory), stocks.module(config)]);
  container.rebind(system.ids).toConstantValue({ next: () => name, secret: () => name });
  const valueStock = container.get(ValueStock);
  const values = await Promise.all(Array.from({ length: requests }, () => valueInDollars(valueStock)));
  await container.get(system.lifecycle).close();
  return values;
}

async function valueInDollars(valueStock: ValueStock): Promise<string | undefined> {
  for (;;)
    try {
      return (await valueStock.execute('AMZN', ['USD'])).values.get('USD');
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'STOCKS_RATES_UNAVAILABLE') throw error;
      await delay((error.retryAfterSeconds ?? 0) * 1_000);
    }
}
