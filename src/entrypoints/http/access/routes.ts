import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyContextConfig, FastifyPluginAsync } from 'fastify';
import type { Static } from 'typebox';
import type { DeletePolicy } from '../../../domain/access/delete-policy.ts';
import type { ExplainDecision } from '../../../domain/access/explain-decision.ts';
import type { FindPolicies } from '../../../domain/access/find-policies.ts';
import type { Decision } from '../../../domain/access/policies.ts';
import type { Policy } from '../../../domain/access/policy.ts';
import type { PutPolicy } from '../../../domain/access/put-policy.ts';
import type { ReadAccess } from '../../../domain/access/read-access.ts';
import { invalidRequest } from '../../../domain/shared/domain-error.ts';
import { pathValue } from '../path-value.ts';
import { matchesEtag, preconditionIn } from '../preconditions.ts';
import { recordChange } from '../record-change.ts';
import { segmentsOf } from '../route-segments.ts';
import { pageRequest, timestamp } from '../schemas.ts';
import * as schemas from './schemas.ts';

export interface AccessRoutesOptions {
  readonly putPolicy: PutPolicy;
  readonly deletePolicy: DeletePolicy;
  readonly findPolicies: FindPolicies;
  readonly readAccess: ReadAccess;
  readonly explainDecision: ExplainDecision;
}

const tags = ['access'];
const keyed = (...problems: readonly string[]) => ({ key: true, problems: [...problems, 'STORE_UNAVAILABLE'] });
/** `/policies/decisions` takes questions, and is no subject. */
const ofSubject = (...problems: readonly string[]) => ({
  ...keyed(...problems),
  exists: async ({ subject }: { readonly subject?: string | undefined }) => subject !== 'decisions',
});

export const accessRoutes = (options: AccessRoutesOptions): FastifyPluginAsync => {
  const plugin: FastifyPluginAsyncTypebox = async (app) => {
    app.get(
      '/policies',
      {
        config: keyed(),
        schema: {
          tags,
          operationId: 'listPolicies',
          summary: 'List policies',
          description: 'The one that was changed last stands at the end.',
          querystring: schemas.PageQuery,
          response: { 200: schemas.PolicyList },
        },
      },
      async ({ query }) => {
        const { items, nextCursor } = await options.findPolicies.list(pageRequest(query));
        return { policies: items.map(policyBody), nextCursor };
      },
    );

    app.get(
      '/policies/:subject',
      {
        config: ofSubject('ACCESS_POLICY_NOT_FOUND'),
        schema: {
          tags,
          operationId: 'getPolicy',
          summary: 'Read the policy of a subject',
          description: 'With `If-None-Match` the answer is 304 while it is unchanged. Without a policy: 404.',
          params: schemas.SubjectParams,
          headers: schemas.ReadHeaders,
          response: { 200: schemas.PolicyBody, 304: schemas.NotModified },
        },
      },
      async ({ params, headers }, reply) => {
        const policy = await options.findPolicies.of(pathValue('subject', params.subject));
        reply.header('etag', etagOf(policy));
        if (matchesEtag(headers['if-none-match'], etagOf(policy))) return reply.code(304).send(null);
        return policyBody(policy);
      },
    );

    app.put(
      '/policies/:subject',
      {
        config: ofSubject('ACCESS_LOCKOUT', 'ACCESS_TOO_MANY_POLICIES', 'PRECONDITION_FAILED'),
        schema: {
          tags,
          operationId: 'putPolicy',
          summary: 'Set what a subject may do',
          description:
            'A key without a policy may do everything; with one it may do what that allows, as a token may do what the ' +
            'policies of its groups and of its own subject allow. Whatever denies wins.',
          params: schemas.SubjectParams,
          headers: schemas.PreconditionHeaders,
          body: schemas.NewPolicy,
          response: { 200: schemas.PolicyBody },
        },
      },
      async (request, reply) => {
        const subject = pathValue('subject', request.params.subject);
        const precondition = preconditionIn(request.headers, etagOf);
        const { before, after } = await options.putPolicy.execute(subject, request.body, precondition);
        recordChange(request, 'policy', subject, before && policyBody(before), policyBody(after));
        reply.header('etag', etagOf(after));
        return policyBody(after);
      },
    );

    app.delete(
      '/policies/:subject',
      {
        config: ofSubject('ACCESS_POLICY_NOT_FOUND', 'PRECONDITION_FAILED'),
        schema: {
          tags,
          operationId: 'deletePolicy',
          summary: 'Delete the policy of a subject',
          description: 'A key may then do everything again, and a token nothing of what this policy allowed.',
          params: schemas.SubjectParams,
          headers: schemas.PreconditionHeaders,
          response: { 200: schemas.DeletedPolicy },
        },
      },
      async (request) => {
        const subject = pathValue('subject', request.params.subject);
        const precondition = preconditionIn(request.headers, etagOf);
        const { before, revision, effectiveBy } = await options.deletePolicy.execute(subject, precondition);
        recordChange(request, 'policy', subject, policyBody(before), undefined);
        return policyBody({ ...before, revision, effectiveBy });
      },
    );

    app.get(
      '/access',
      {
        config: { ...keyed(), openToCallers: true },
        schema: {
          tags,
          operationId: 'getAccess',
          summary: 'Read what the caller may do',
          description: 'Open to every known key and token.',
          response: { 200: schemas.AccessBody },
        },
      },
      async ({ caller }) => {
        const subjects = caller?.subjects ?? [];
        const { allow, deny } = await options.readAccess.execute(subjects);
        return { subjects: [...subjects], allow: [...allow], deny: [...deny] };
      },
    );

    app.post(
      '/policies/decisions',
      {
        config: keyed(),
        schema: {
          tags,
          operationId: 'explainDecision',
          summary: 'Ask what would decide about a request',
          description:
            'By the policies that are stored now. What is open to every caller is allowed by nothing, with `by` null; so is ' +
            'a route that needs no key, but where a key shows more, `by` names what allows the caller to see it.',
          body: schemas.Question,
          response: { 200: schemas.DecisionBody },
        },
      },
      async ({ body: { subjects, method, path } }) => {
        const route = /^\/[^?#]*$/.test(path) ? await app.findRouteOf(method, path) : undefined;
        if (!route)
          throw invalidRequest({
            path: 'path',
            message: `must be the path of a route that takes ${method}, without a query`,
          });
        if (route.config.ownKey)
          throw invalidRequest({
            path: 'path',
            message: 'must be the path of a route that policies speak of, and this one takes a key of its own',
          });
        const segments = segmentsOf(route.pattern, route.params);
        return decisionBody(await options.explainDecision.execute(subjects, method, segments), route.config);
      },
    );
  };
  return plugin as FastifyPluginAsync;
};

/** What policies decide about a route that asks for them; others are open, whatever policies say. */
function decisionBody(
  { allowed, by }: Decision,
  { key, openToCallers }: FastifyContextConfig,
): Static<typeof schemas.DecisionBody> {
  if (key === true && !openToCallers) return { allowed, by: by ?? null };
  return { allowed: true, by: (key === 'optional' && allowed && by) || null };
}

const etagOf = ({ revision }: Policy): string => `"${revision}"`;

const policyBody = ({ subject, allow, deny, revision, effectiveBy }: Policy): Static<typeof schemas.PolicyBody> => ({
  subject,
  allow: [...allow],
  deny: [...deny],
  revision,
  effectiveBy: timestamp(effectiveBy),
});
