import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import * as Type from 'typebox';
import { DomainError } from '../../domain/shared/domain-error.ts';
import type { ProblemTable } from './problems.ts';
import { MapOf } from './schemas.ts';
import { VERSION } from './version.ts';

/**
 * How a dependency is; `skewed` is a clock that differs from the store's by more than 2 s, `full` a disk without room, and
 * `slow` one that has not answered for 5 s.
 */
export type Check = 'ok' | 'skewed' | 'full' | 'slow' | 'unreachable';

/** `degraded` when something is not ok without which requests are still answered, `unavailable` when they are not. */
export interface Health {
  readonly status: 'ok' | 'degraded' | 'unavailable';
  readonly checks: Readonly<Record<string, Check>>;
  /** How long ago the last sync of a store on disk ended, ms. */
  readonly lastSyncMs?: number | undefined;
}

export interface SystemRoutesOptions {
  readonly problems: ProblemTable;
  readonly health: () => Promise<Health>;
  /** Where to tell of a weakness, as a URI. */
  readonly securityContact?: string | undefined;
  /** The time, epoch ms. */
  readonly now: () => number;
}

const SECURITY_TXT_MS = 30 * 86_400_000;

const healthBody = (description: string, ...statuses: readonly Health['status'][]) =>
  Type.Object(
    {
      status: Type.String({ enum: statuses }),
      checks: MapOf(Type.String({ enum: ['ok', 'skewed', 'full', 'slow', 'unreachable'] satisfies Check[] }), {
        examples: [{ store: statuses[0] === 'unavailable' ? 'unreachable' : 'ok' } satisfies Health['checks']],
      }),
      lastSyncMs: Type.Optional(
        Type.Integer({
          description:
            'With `STORAGE=disk`: how long ago the last sync of the disk ended, ms. Nothing is written to find out.',
        }),
      ),
    },
    { description },
  );

/** Whether the process lives, whether it can serve, and what each error code means. */
export const systemRoutes =
  ({ problems, health, securityContact, now }: SystemRoutesOptions): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/healthz',
      {
        config: { neverLimited: true },
        schema: {
          tags: ['system'],
          operationId: 'getHealth',
          summary: 'Whether the process lives',
          description: 'Asks nothing else; for whoever starts the process anew when it hangs.',
          response: {
            200: Type.Object(
              { status: Type.Literal('ok'), version: Type.String({ examples: [VERSION] }) },
              { description: 'It lives, and is of this version' },
            ),
          },
        },
      },
      async () => ({ status: 'ok' as const, version: VERSION }),
    );

    app.get(
      '/readyz',
      {
        config: { neverLimited: true },
        schema: {
          tags: ['system'],
          operationId: 'getReadiness',
          summary: 'Whether everything that the process depends on can be reached',
          description: 'For whoever decides whether requests are sent here.',
          response: {
            200: healthBody(
              'Requests are answered; `degraded` if something that helps is not as it should be',
              'ok',
              'degraded',
            ),
            503: healthBody('Something without which requests fail cannot be reached', 'unavailable'),
          },
        },
      },
      async (_, reply) => {
        const found = await health();
        return reply.code(found.status === 'unavailable' ? 503 : 200).send(found);
      },
    );

    app.get(
      '/errors/:code',
      {
        config: { problems: ['NOT_FOUND'] },
        schema: {
          tags: ['system'],
          operationId: 'getError',
          summary: 'What an error code means and what to do about it',
          description: 'Where the `type` of a problem leads.',
          params: Type.Object({ code: Type.String({ examples: ['STORE_UNAVAILABLE'] }) }),
          response: {
            200: Type.Object(
              { code: Type.String(), status: Type.Integer(), title: Type.String(), description: Type.String() },
              { description: 'What the code means', examples: [explained('STORE_UNAVAILABLE', problems)] },
            ),
          },
        },
      },
      async ({ params: { code } }) => {
        const explanation = explained(code, problems);
        if (!explanation) throw new DomainError('NOT_FOUND', 'There is no such error code. See /docs.');
        return explanation;
      },
    );

    if (securityContact)
      app.get('/.well-known/security.txt', { schema: { hide: true } }, async (_, reply) => {
        // RFC 9116 wants a time at which nobody should believe it any more.
        const expires = new Date(now() + SECURITY_TXT_MS).toISOString();
        return reply.type('text/plain; charset=utf-8').send(`Contact: ${securityContact}\nExpires: ${expires}\n`);
      });
  };

function explained(code: string, problems: ProblemTable) {
  const problem = Object.hasOwn(problems, code) ? problems[code] : undefined;
  return problem && { code, status: problem.status, title: problem.title, description: problem.advice };
}
