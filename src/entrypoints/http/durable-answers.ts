import type { FastifyInstance } from 'fastify';
import { DomainError } from '../../domain/shared/domain-error.ts';
import { type ProblemTable, problemDetails } from './problems.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Resolves when what the request has read is durable; undefined where it is so already. */
    durable: (() => Promise<void> | undefined) | undefined;
  }
}

/** Carries out a request. @returns resolves when what it has read is durable; undefined where it is so already */
export type FollowRequest = (work: () => void) => () => Promise<void> | undefined;

/**
 * Holds back answers until what they rest on is durable: a read sees changes that are not on disk yet. If these are taken
 * back, so is the answer.
 */
export function sendDurable(app: FastifyInstance, followRequest: FollowRequest, problems: ProblemTable): void {
  app.decorateRequest('durable', undefined);
  app.addHook('preHandler', (request, _, done) => {
    request.durable = followRequest(done);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    try {
      await request.durable?.();
      return payload;
    } catch (error) {
      const { code } = error as DomainError;
      const problem = problems[code];
      if (!(error instanceof DomainError) || !problem) throw error;
      // What the hook throws would not be answered as a problem.
      for (const name of ['etag', 'location', 'link']) reply.removeHeader(name);
      reply
        .code(problem.status)
        .header('retry-after', error.retryAfterSeconds)
        .header('cache-control', 'no-store')
        .type('application/problem+json');
      return JSON.stringify(problemDetails(request.server.publicPath, code, problem, error));
    }
  });
}
