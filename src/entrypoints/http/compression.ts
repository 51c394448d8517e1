import compress from '@fastify/compress';
import type { FastifyInstance } from 'fastify';

/** Bytes; less is not worth the work. */
const THRESHOLD = 1_024;

/** Compresses answers for those who ask for it, but for what goes on as long as the client listens. */
export async function compressAnswers(app: FastifyInstance): Promise<void> {
  app.addHook('onRoute', (route) => {
    if (route.config?.stream) route.compress = false;
  });
  // Requests are taken as they are: a body that is compressed could be of any size.
  await app.register(compress, { encodings: ['br', 'gzip'], threshold: THRESHOLD, globalDecompression: false });
}
