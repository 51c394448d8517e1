import { createHash } from 'node:crypto';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyPluginAsync } from 'fastify';
import type { CurrentFlagSet, CurrentFlagSets } from '../../../domain/flags/current-flag-sets.ts';
import { type Evaluation, type EvaluationContext, evaluate, evaluateAll } from '../../../domain/flags/evaluate.ts';
import { type DomainError, invalidRequest } from '../../../domain/shared/domain-error.ts';
import { asDomainError } from '../errors.ts';
import { matchesEtag } from '../preconditions.ts';
import { timestamp } from '../schemas.ts';
import * as schemas from './ofrep-schemas.ts';

const tags = ['flags'];

/**
 * Evaluation by the OpenFeature Remote Evaluation Protocol, https://openfeature.dev/docs/reference/other-technologies/ofrep.
 * What is wrong with a request or its flag is said in the protocol's words; everything else is refused as anywhere.
 */
export const ofrepRoutes = (current: CurrentFlagSets): FastifyPluginAsync => {
  const plugin: FastifyPluginAsyncTypebox = async (app) => {
    app.setErrorHandler((error, request, reply) => {
      const known = asDomainError(error as never);
      const failure = known && failureOf(known);
      if (!failure) throw error;
      const { key } = request.params as { readonly key?: string };
      reply
        .code(failure.status)
        .send({ key, errorCode: failure.errorCode, errorDetails: (known as DomainError).message });
    });

    app.post(
      '/flag-sets/:set/ofrep/v1/evaluate/flags/:key',
      {
        config: { key: true, bearsStalePolicies: true, readsOnly: true, problems: ['STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'evaluateFlag',
          summary: 'Evaluate a flag (OFREP)',
          description: 'For providers of OpenFeature on servers, whose base URL is that of the set.',
          params: schemas.FlagParams,
          body: schemas.EvaluationRequest,
          response: { 200: schemas.Evaluation, 400: schemas.EvaluationFailure, 404: schemas.EvaluationFailure },
        },
      },
      async ({ params: { set: setId, key }, body, policiesStale }, reply) => {
        const context = checked(body.context);
        const now = withPolicies(await current.read(setId), policiesStale);
        const evaluation = evaluate(now.set, key, context);
        if (evaluation.errorCode)
          return reply.code(evaluation.errorCode === 'FLAG_NOT_FOUND' ? 404 : 400).send(failed(evaluation));
        return reply.code(200).send({ ...evaluation, metadata: metadataOf(now) });
      },
    );

    app.post(
      '/flag-sets/:set/ofrep/v1/evaluate/flags',
      {
        config: { key: true, bearsStalePolicies: true, readsOnly: true, problems: ['STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'evaluateFlags',
          summary: 'Evaluate all flags of a set (OFREP)',
          description: 'For providers of OpenFeature in browsers and apps, whose base URL is that of the set.',
          params: schemas.SetParams,
          headers: schemas.BulkHeaders,
          querystring: schemas.BulkQuery,
          body: schemas.EvaluationRequest,
          response: {
            200: schemas.BulkEvaluation,
            304: schemas.Unchanged,
            400: schemas.EvaluationFailure,
            404: schemas.EvaluationFailure,
          },
        },
      },
      async ({ params, query, headers, body, policiesStale }, reply) => {
        const context = checked(body.context);
        const known = headers['if-none-match'];
        const atLeast = Math.max(revisionIn(known), revisionIn(query.flagConfigEtag));
        const now = withPolicies(await current.read(params.set, atLeast), policiesStale);
        const etag = etagOf(now, context);
        reply.header('etag', etag);
        if (matchesEtag(known, etag)) return reply.code(304).send(null);
        const flags = evaluateAll(now.set, context).map((each) => (each.errorCode ? failed(each) : each));
        return reply.code(200).send({ flags, metadata: metadataOf(now) });
      },
    );
  };
  return plugin as FastifyPluginAsync;
};

/** @throws DomainError `INVALID_REQUEST` */
function checked(context: EvaluationContext = {}): EvaluationContext {
  const { targetingKey } = context;
  if (targetingKey !== undefined && targetingKey !== null && typeof targetingKey !== 'string')
    throw invalidRequest({ path: 'context.targetingKey', message: 'must be a text' });
  return context;
}

/** The protocol's word for a refusal, if it has one. */
function failureOf({ code, issues }: DomainError): { readonly status: number; readonly errorCode: string } | undefined {
  if (code === 'FLAGS_SET_NOT_FOUND') return { status: 404, errorCode: 'FLAG_NOT_FOUND' };
  if (code !== 'INVALID_REQUEST') return undefined;
  const isUnder = (name: string) => issues.some(({ path }) => path === name || path.startsWith(`${name}.`));
  return {
    status: 400,
    errorCode: isUnder('body') ? 'PARSE_ERROR' : isUnder('context') ? 'INVALID_CONTEXT' : 'GENERAL',
  };
}

const DETAILS = {
  FLAG_NOT_FOUND: 'There is no such flag in this set.',
  TARGETING_KEY_MISSING: 'The flag is shared out among users: the context needs a targetingKey.',
};

const failed = ({ key, errorCode }: Evaluation) => ({
  key,
  errorCode: errorCode as string,
  errorDetails: errorCode && DETAILS[errorCode],
});

/** What a caller is told by policies that may be old is as old as they may be. */
const withPolicies = (now: CurrentFlagSet, policiesStale: boolean): CurrentFlagSet => ({
  ...now,
  stale: now.stale || policiesStale,
});

const metadataOf = ({ set, stale, asOf }: CurrentFlagSet) => ({
  revision: set.revision,
  ...(stale ? { stale, asOf: timestamp(asOf) } : {}),
});

/** Values depend on the revision and the context alone. */
function etagOf({ set, stale }: CurrentFlagSet, context: EvaluationContext): string {
  const hash = createHash('sha256').update(JSON.stringify(context)).digest('base64url').slice(0, 22);
  return `"${set.revision}-${hash}${stale ? '-stale' : ''}"`;
}

/** The latest revision that ETags of answers or events name: `"42-…"`, `"42"` or `42`; 0 for none. */
const revisionIn = (etags = ''): number =>
  Math.max(0, ...[...etags.matchAll(/(?:^|[",\s])(\d{1,15})(?=[-",\s]|$)/g)].map(([, revision]) => Number(revision)));
