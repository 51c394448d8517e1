import { randomBytes } from 'node:crypto';
import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { compose, system } from '../composition/compose.ts';
import { ConfigError, readConfig } from '../composition/config.ts';
import { contexts } from '../composition/contexts.ts';
import type { ApiKey } from '../http/api-keys.ts';
import { buildApp } from '../http/app.ts';

/** The exit code for wrong configuration (`EX_CONFIG` of sysexits.h). */
const BAD_CONFIG = 78;
/** Clients that never finish are cut off then, so that the process ends within 10 s. */
const GRACE_MS = 8_000;

try {
  await serve();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  const log = pino();
  for (const problem of error.problems) log.fatal(problem);
  process.exitCode = BAD_CONFIG;
}

async function serve(): Promise<void> {
  const config = readConfig(process.env, contexts);
  const logger = pino({ level: config.LOG_LEVEL });
  const container = compose(
    logger,
    contexts.map((context) => context.module(config)),
  );
  const lifecycle = container.get(system.lifecycle);
  const ids = container.get(system.ids);

  const app = await buildApp({
    logger,
    apiKeys: config.API_KEYS ?? [embeddedKey()],
    nextId: () => ids.next(),
    health: () => lifecycle.health(),
    contexts: contexts.map(({ routes, problems }) => ({ routes: routes(container, config), problems })),
  });
  for (const loop of contexts.flatMap((context) => context.loops(container, config))) {
    loop.start();
    lifecycle.onClose(() => loop.stop());
  }
  await app.listen({ host: config.HOST, port: config.PORT });

  closeWithGrace({ delay: GRACE_MS + 1_500, logger }, async ({ err }) => {
    if (err) logger.fatal({ err }, 'ending after an error');
    const cutOff = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
    await app.close();
    clearTimeout(cutOff);
    await lifecycle.close();
  });

  /** A key for this run alone, printed once because nobody else knows it. */
  function embeddedKey(): ApiKey {
    const key = randomBytes(24).toString('base64url');
    logger.info({ apiKey: key }, 'API_KEYS is not set: made a key for this run');
    return { name: 'embedded', key };
  }
}
