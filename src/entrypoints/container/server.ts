import { setTimeout as delay } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import { type Logger, pino } from 'pino';
import { within } from '../../adapters/common/deadline.ts';
import { contexts } from '../composition/contexts.ts';
import { type EmbeddedStorage, madeKey } from '../composition/embedded.ts';
import { openStorage } from '../composition/open-storage.ts';
import { prometheusMeter } from '../composition/prometheus.ts';
import { Service } from '../composition/service.ts';
import { coreNotices, isEmbedded } from '../config/core.ts';
import { ConfigError, readConfig } from '../config/read-config.ts';
import { stopTimes } from '../config/stop-times.ts';
import { endOnFailure } from '../end-on-failure.ts';
import type { ApiKey } from '../http/api-keys.ts';
import { publishMetrics } from '../http/metrics.ts';
import { publishPages } from '../http/pages.ts';
import { checkStore } from './check-store.ts';

/** After the signal, clients that never finish are cut off, ms. */
const CUT_OFF_MS = 8_000;
/** How long the start waits for what an earlier process left to be counted; results say up to when they are complete. */
const CATCH_UP_MS = 1_000;
/** How long the start waits for the store to tell its time. */
const RESUME_MS = 2_000;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program listens there. Stop it, or set PORT to another port (0 picks a free one).',
  EACCES: 'This port is kept for privileged programs. Set PORT to one above 1023.',
  EADDRNOTAVAIL: 'HOST is not an address of this machine.',
  ENOTFOUND: 'HOST is not a name that can be resolved.',
};

await endOnFailure(serve);

async function serve(): Promise<void> {
  const config = readConfig(process.env, contexts);
  const logger = pino({ level: config.LOG_LEVEL });
  const meter = prometheusMeter(contexts);
  const storage = openStorage(config, (error) => {
    // Whether the newest changes are on the disk is unknown: the next start sees what is.
    logger.fatal({ err: error }, 'the data could not be synced to the disk');
    process.exit(1);
  });
  const service = new Service({ config, contexts, logger, storage, meters: [meter] });
  const { lifecycle } = service;
  const servesApi = config.ROLE !== 'worker';

  if (servesApi)
    for (const notice of [...coreNotices(config), ...contexts.flatMap((context) => context.notices?.(config) ?? [])])
      logger.warn(notice);
  const apiKeys = config.API_KEYS ?? (isEmbedded(config) ? [embeddedKey(storage, logger)] : []);
  const app = await service.buildApp({
    extras: [...(servesApi ? [publishPages] : []), publishMetrics(meter, config.METRICS_KEY)],
    apiKeys,
  });
  const loops = [...service.loops()];

  const { loopsMs, closeMs, endMs } = stopTimes(config);
  const { close } = closeWithGrace({ delay: endMs, logger, skip: [...STOP_SIGNALS] }, async ({ err }) => {
    if (err) logger.fatal({ err }, 'ending after an error');
    const begin = performance.now();
    const cutOff = setTimeout(() => app.server.closeAllConnections(), CUT_OFF_MS);
    // At the same time, since both may need most of the time that there is.
    const closing = delay(err ? 0 : config.DRAIN_SECONDS * 1_000).then(() => app.close());
    await within(loopsMs, Promise.allSettled([closing, ...loops.map((loop) => loop.stop())]));
    clearTimeout(cutOff);
    await within(begin + closeMs - performance.now(), lifecycle.close());
  });
  // Under npm a Ctrl-C arrives twice, from the terminal and from npm: the second one must not cut the first one short.
  let isClosing = false;
  for (const signal of STOP_SIGNALS)
    process.on(signal, () => {
      if (isClosing) return;
      isClosing = true;
      logger.info(`${signal}: finishing what is under way`);
      close();
    });

  // What a first start makes, its keys above all: nothing may rest on a key that the next start does not know.
  await storage.disk?.durable()?.catch(() => undefined);
  if (storage.disk && storage.disk.takenBack > 0)
    throw new ConfigError([`DATA_DIR ${config.DATA_DIR} has no room for what a first start stores: make room`]);
  // A store that does not answer now is heard later, by whatever asks it next.
  await within(
    RESUME_MS,
    lifecycle.resume().catch(() => undefined),
  );
  loops.push(...(await checkStore(() => service.checkStore(apiKeys), config.SWEEP_SECONDS, logger)));
  await within(CATCH_UP_MS, Promise.all(loops.map((loop) => loop.start())));
  await app.listen({ host: config.HOST, port: config.PORT }).catch((error: NodeJS.ErrnoException) => {
    const advice = ADVICE[error.code ?? ''] ?? error.message;
    throw new Error(`Cannot listen on ${config.HOST} port ${config.PORT}. ${advice}`, { cause: error });
  });
}

/** A key that is kept as long as the data, printed because nobody else knows it, also where the log is kept to what is wrong. */
function embeddedKey(storage: EmbeddedStorage, logger: Logger): ApiKey {
  const key = madeKey(storage, 'api-key');
  logger.child({}, { level: 'info' }).info({ apiKey: key }, 'API_KEYS is not set: this key was made');
  return { name: 'embedded', key };
}
