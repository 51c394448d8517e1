import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import type { Static } from 'typebox';
import type { DeleteLimit } from '../../../domain/limits/delete-limit.ts';
import type { CountedPolicy, GetLimit } from '../../../domain/limits/get-limit.ts';
import type { TakeAnswer } from '../../../domain/limits/limiter.ts';
import type { ListLimits } from '../../../domain/limits/list-limits.ts';
import type { LimitDraft, LimitPolicy, QuotaPeriod } from '../../../domain/limits/policy.ts';
import type { PutLimit } from '../../../domain/limits/put-limit.ts';
import type { ReadKey } from '../../../domain/limits/read-key.ts';
import type { ResetKey } from '../../../domain/limits/reset-key.ts';
import type { TakeFromLimit } from '../../../domain/limits/take-from-limit.ts';
import { pathValue } from '../path-value.ts';
import { preconditionIn } from '../preconditions.ts';
import { recordChange } from '../record-change.ts';
import { pageRequest, timestamp } from '../schemas.ts';
import { hiddenPartition, type ShownLimit, tellLimits } from './rate-limit-fields.ts';
import * as schemas from './schemas.ts';

export interface LimitsRoutesOptions {
  readonly putLimit: PutLimit;
  readonly getLimit: GetLimit;
  readonly listLimits: ListLimits;
  readonly deleteLimit: DeleteLimit;
  readonly takeFromLimit: TakeFromLimit;
  readonly readKey: ReadKey;
  readonly resetKey: ResetKey;
}

const tags = ['limits'];

export const limitsRoutes = (options: LimitsRoutesOptions): FastifyPluginAsync => {
  const plugin: FastifyPluginAsyncTypebox = async (app) => {
    app.get(
      '/limits',
      {
        config: { key: true, problems: ['STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'listLimits',
          summary: 'List limits',
          description: 'By their ids, each with what became of its takes.',
          querystring: schemas.PageQuery,
          response: { 200: schemas.LimitList },
        },
      },
      async ({ query }) => {
        const page = await options.listLimits.execute(pageRequest(query));
        return { limits: page.items.map(limitBody), nextCursor: page.nextCursor };
      },
    );

    app.get(
      '/limits/:policyId',
      {
        config: { key: true, problems: ['LIMITS_NOT_FOUND', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'getLimit',
          summary: 'A limit, with what became of its takes',
          description: 'Counts of all processes, up to some seconds ago.',
          params: schemas.LimitParams,
          response: { 200: schemas.LimitBody },
        },
      },
      async ({ params: { policyId } }, reply) => {
        const counted = await options.getLimit.execute(policyId);
        reply.header('etag', etagOf(counted.policy));
        return limitBody(counted);
      },
    );

    app.put(
      '/limits/:policyId',
      {
        config: { key: true, problems: ['PRECONDITION_FAILED', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'putLimit',
          summary: 'Set a limit',
          description:
            'Replaces all of it, in force everywhere within a second. A rate, a quota or both; a take is one from both or ' +
            'from neither.',
          params: schemas.LimitParams,
          headers: schemas.PreconditionHeaders,
          body: schemas.NewLimit,
          response: { 200: schemas.LimitBody, 201: schemas.CreatedLimit },
        },
      },
      async (request, reply) => {
        const { policyId } = request.params;
        const precondition = preconditionIn(request.headers, etagOf);
        // Read before the change: one that was made is never answered with what a read ran into.
        const counts = await options.getLimit.countsOf(policyId);
        const { policy, before } = await options.putLimit.execute(policyId, draftOf(request.body), precondition);
        recordChange(request, 'limit', policyId, before && settingsBody(before), settingsBody(policy));
        reply.header('etag', etagOf(policy));
        const body = limitBody({ policy, counts });
        if (!before) return reply.code(201).header('location', `/limits/${policyId}`).send(body);
        return reply.code(200).send(body);
      },
    );

    app.delete(
      '/limits/:policyId',
      {
        config: { key: true, problems: ['LIMITS_NOT_FOUND', 'PRECONDITION_FAILED', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'deleteLimit',
          summary: 'Delete a limit',
          description: 'With `If-Match` only if it still is what that names. Deleting it again is 404.',
          params: schemas.LimitParams,
          headers: schemas.PreconditionHeaders,
          response: { 200: schemas.LimitBody },
        },
      },
      async (request) => {
        const { policyId } = request.params;
        // Read before the change, too.
        const counts = await options.getLimit.countsOf(policyId);
        const policy = await options.deleteLimit.execute(policyId, preconditionIn(request.headers, etagOf));
        recordChange(request, 'limit', policyId, settingsBody(policy), undefined);
        return limitBody({ policy, counts });
      },
    );

    app.post(
      '/limits/:policyId/takes',
      {
        config: {
          key: true,
          bearsStalePolicies: true,
          problems: ['LIMITS_NOT_FOUND', 'IDEMPOTENCY_KEY_REUSED', 'STORE_UNAVAILABLE'],
        },
        schema: {
          tags,
          operationId: 'takeFromLimit',
          summary: 'Ask whether something may be done, and take what it costs',
          description:
            'A refusal is 200, too: it is about somebody else’s request. The same `Idempotency-Key` within 60 s of a take ' +
            'that was allowed answers the same, with `Idempotent-Replayed: true`, and takes nothing.',
          params: schemas.LimitParams,
          headers: schemas.IdempotencyHeaders,
          body: schemas.NewTake,
          response: { 200: schemas.TakeBody },
        },
      },
      async ({ params: { policyId }, headers, body, policiesStale }, reply) => {
        const { answer, policy } = await options.takeFromLimit.execute(policyId, {
          ...body,
          ...(headers['idempotency-key'] !== undefined && { idempotencyKey: headers['idempotency-key'] }),
        });
        const { isReplay, ...told } = answer;
        if (isReplay) reply.header('idempotent-replayed', 'true');
        tellTake(reply, policy, answer, body.key);
        return { ...told, degraded: told.degraded || policiesStale };
      },
    );

    app.get(
      '/limits/:policyId/keys/:key',
      {
        config: { key: true, problems: ['LIMITS_NOT_FOUND', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'getLimitKey',
          summary: 'What a key has',
          description: 'One that nobody has taken from has everything.',
          params: schemas.KeyParams,
          response: { 200: schemas.KeyBody },
        },
      },
      async ({ params }) => {
        const key = pathValue('key', params.key);
        return { key, ...(await options.readKey.execute(params.policyId, key)) };
      },
    );

    app.delete(
      '/limits/:policyId/keys/:key',
      {
        config: { key: true, problems: ['LIMITS_NOT_FOUND', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'resetLimitKey',
          summary: 'Give a key everything back',
          description: 'Everywhere within a second; may be repeated.',
          params: schemas.KeyParams,
          response: { 204: schemas.Nothing },
        },
      },
      async ({ params, log }, reply) => {
        await options.resetKey.execute(params.policyId, pathValue('key', params.key));
        // The key may be a person's.
        log.info({ limit: params.policyId }, 'key of a limit reset');
        return reply.code(204).send(null);
      },
    );
  };
  return plugin as FastifyPluginAsync;
};

const etagOf = ({ version }: LimitPolicy): string => `"${version}"`;

/** The schema has seen to it that the words are those of the domain. */
const draftOf = (body: Static<typeof schemas.NewLimit>): LimitDraft => body as LimitDraft;

const settingsBody = ({ rate, quota, mode, accuracy, onStoreFailure }: LimitPolicy) => ({
  rate,
  quota,
  mode,
  accuracy,
  onStoreFailure,
});

const limitBody = ({ policy, counts }: CountedPolicy): Static<typeof schemas.LimitBody> => ({
  policyId: policy.policyId,
  ...settingsBody(policy),
  updatedAt: timestamp(policy.version),
  ...counts,
});

/** A month at its longest: nobody is promised more than there is. */
const PERIOD_SECONDS: Readonly<Record<QuotaPeriod, number>> = { hour: 3_600, day: 86_400, month: 31 * 86_400 };

function tellTake(reply: FastifyReply, { policyId, rate, quota }: LimitPolicy, answer: TakeAnswer, key: string): void {
  // What is left is not what is left of the policy.
  if (answer.degraded) return;
  const { remaining, resetSeconds, retryAfterMs } = answer;
  const moreInSeconds = retryAfterMs === undefined ? resetSeconds || undefined : Math.ceil(retryAfterMs / 1_000);
  const told = { remaining, moreInSeconds, partition: hiddenPartition(key) };
  const limits: ShownLimit[] = [];
  if (rate) {
    const windowSeconds = Math.ceil((rate.burst * rate.perSeconds) / rate.requests);
    limits.push({ name: policyId, quota: rate.burst, windowSeconds, ...told });
  }
  if (quota)
    limits.push({
      name: rate ? `${policyId}.quota` : policyId,
      quota: quota.requests,
      windowSeconds: PERIOD_SECONDS[quota.per],
      ...told,
    });
  tellLimits(reply, limits);
}
