import type { FastifyInstance } from 'fastify';
import { DomainError } from '../../domain/shared/domain-error.ts';
import { type ProblemTable, problemDetails } from './problems.ts';

/**
 * Holds back answers until what they may rest on is durable: a read sees changes that are not on disk yet. If these are
 * taken back, so is the answer.
 *
 * @param durable undefined where everything is durable already
 */
export function sendDurable(
  app: FastifyInstance,
  durable: () => Promise<void> | undefined,
  problems: ProblemTable,
): void {
  app.addHook('onSend', async (request, reply, payload) => {
    try {
      await durable();
      return payload;
    } catch (error) {
      const { code } = error as DomainError;
      const problem = problems[code];
      if (!(error instanceof DomainError) || !problem) throw error;
      // What the hook throws would not be answered as a problem.
      for (const name of Object.keys(reply.getHeaders()))
        if (/^(etag|location|link)$/.test(name)) reply.removeHeader(name);
      reply
        .code(problem.status)
        .header('retry-after', error.retryAfterSeconds)
        .header('cache-control', 'no-store')
        .type('application/problem+json');
      return JSON.stringify(problemDetails(request.server.publicPath, code, problem, error));
    }
  });
}
