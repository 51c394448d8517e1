import { randomBytes } from 'node:crypto';
import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { compose, system } from '../composition/compose.ts';
import { readConfig } from '../composition/config.ts';
import { contexts } from '../composition/contexts.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import type { ApiKey } from '../http/api-keys.ts';
import { buildApp } from '../http/app.ts';
import { endOnBadConfig } from './end-on-bad-config.ts';

/** Clients that never finish are cut off then, so that the process ends within 10 s. */
const GRACE_MS = 8_000;

await endOnBadConfig(serve);

async function serve(): Promise<void> {
  const config = readConfig(process.env, contexts);
  const logger = pino({ level: config.LOG_LEVEL });
  const container = compose(logger, [dynamoDbModule, ...contexts.map((context) => context.module(config))]);
  const lifecycle = container.get(system.lifecycle);
  const ids = container.get(system.ids);

  const servesApi = config.ROLE !== 'worker';
  const worksBeside = config.ROLE !== 'api';

  const app = await buildApp({
    logger,
    apiKeys: config.API_KEYS ?? (config.STORAGE === 'memory' ? [embeddedKey()] : []),
    nextId: () => ids.next(),
    health: () => lifecycle.health(),
    contexts: servesApi
      ? contexts.map(({ routes, problems }) => ({ routes: routes(container, config), problems }))
      : [],
  });
  for (const loop of worksBeside ? contexts.flatMap((context) => context.loops(container, config)) : []) {
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
