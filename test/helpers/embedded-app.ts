import type { FastifyInstance } from 'fastify';
import type { Container } from 'inversify';
import { type DestinationStream, pino } from 'pino';
import { system } from '../../src/entrypoints/composition/compose.ts';
import type { Context } from '../../src/entrypoints/composition/context.ts';
import { contexts as servedContexts } from '../../src/entrypoints/composition/contexts.ts';
import { prometheusMeter } from '../../src/entrypoints/composition/prometheus.ts';
import { Service } from '../../src/entrypoints/composition/service.ts';
import { readConfig } from '../../src/entrypoints/config/read-config.ts';
import type { Extra } from '../../src/entrypoints/http/app.ts';
import { publishMetrics } from '../../src/entrypoints/http/metrics.ts';
import { publishPages } from '../../src/entrypoints/http/pages.ts';
import { FakeClock } from './fakes.ts';

export const KEY = 'test-key-0123456789';
export const authorization = { authorization: `Bearer ${KEY}` };

export interface EmbeddedApp {
  readonly app: FastifyInstance;
  readonly container: Container;
  readonly clock: FakeClock;
  close(): Promise<void>;
}

export interface EmbeddedAppOptions {
  /** Those of the service, unless the test brings others. */
  readonly contexts?: readonly Context[];
  /** Where log lines go, if a test wants to read them. */
  readonly log?: DestinationStream;
  /** What is served beside the API: pages and figures unless the test says otherwise. */
  readonly extras?: readonly Extra[];
  /** May bind something else in place of a part before anything is built. */
  readonly prepare?: (container: Container) => void;
}

/** The whole service in memory, over `inject`, with a clock that the test owns and its loops running. */
export async function embeddedApp(
  env: Record<string, string> = {},
  { contexts = servedContexts, log, extras, prepare = () => undefined }: EmbeddedAppOptions = {},
): Promise<EmbeddedApp> {
  const config = readConfig(
    { STORAGE: 'memory', API_KEYS: `test=${KEY}`, LOG_LEVEL: log ? 'trace' : 'silent', ...env },
    contexts,
  );
  const logger = pino({ level: config.LOG_LEVEL }, log ?? pino.destination(1));
  const meter = prometheusMeter(contexts);
  const service = new Service({ config, contexts, logger, meters: [meter] });
  const { container } = service;
  const clock = new FakeClock();
  container.rebind(system.machineClock).toConstantValue(clock);
  container.rebind(system.clock).toService(system.machineClock);
  container.rebind(system.steadyClock).toService(system.machineClock);
  prepare(container);
  const app = await service.buildApp({
    extras: extras ?? [publishPages, publishMetrics(meter, config.METRICS_KEY)],
  });
  const loops = service.loops();
  for (const loop of loops) loop.start();
  return {
    app,
    container,
    clock,
    close: async () => {
      await app.close();
      await Promise.all(loops.map((loop) => loop.stop()));
      await service.lifecycle.close();
    },
  };
}
