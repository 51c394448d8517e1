import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import * as Type from 'typebox';
import { DomainError } from '../../domain/shared/domain-error.ts';
import type { ProblemTable } from './problems.ts';
import { MapOf } from './schemas.ts';

export interface SystemRoutesOptions {
  readonly problems: ProblemTable;
  readonly health: () => Promise<Record<string, 'ok' | 'unreachable'>>;
}

const Health = Type.Object(
  {
    status: Type.String({ enum: ['ok', 'unavailable'] }),
    checks: MapOf(Type.String({ enum: ['ok', 'unreachable'] })),
  },
  { description: 'Each dependency and whether it can be reached' },
);

/** Whether the process lives, whether it can serve, and what each error code means. */
export const systemRoutes =
  ({ problems, health }: SystemRoutesOptions): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/healthz',
      {
        schema: {
          tags: ['system'],
          summary: 'Whether the process lives',
          response: { 200: Type.Object({ status: Type.Literal('ok') }, { description: 'It lives' }) },
        },
      },
      async () => ({ status: 'ok' as const }),
    );

    app.get(
      '/readyz',
      {
        schema: {
          tags: ['system'],
          summary: 'Whether everything that the process depends on can be reached',
          response: { 200: Health, 503: Health },
        },
      },
      async (_, reply) => {
        const checks = await health();
        const ready = Object.values(checks).every((check) => check === 'ok');
        return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', checks });
      },
    );

    app.get(
      '/errors/:code',
      {
        config: { problems: ['NOT_FOUND'] },
        schema: {
          tags: ['system'],
          summary: 'What an error code means and what to do about it',
          params: Type.Object({ code: Type.String() }),
          response: {
            200: Type.Object(
              { code: Type.String(), status: Type.Integer(), title: Type.String(), description: Type.String() },
              { description: 'What the code means' },
            ),
          },
        },
      },
      async ({ params: { code } }) => {
        const problem = Object.hasOwn(problems, code) ? problems[code] : undefined;
        if (!problem) throw new DomainError('NOT_FOUND', 'There is no such error code. See /docs.');
        return { code, status: problem.status, title: problem.title, description: problem.advice };
      },
    );
  };
