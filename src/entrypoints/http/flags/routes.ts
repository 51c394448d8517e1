import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { ChangedSet, ChangeFlags, ChangeOrder } from '../../../domain/flags/change-flags.ts';
import type { CreateFlagSet } from '../../../domain/flags/create-flag-set.ts';
import type { CurrentFlagSets } from '../../../domain/flags/current-flag-sets.ts';
import type { DeleteFlagSet } from '../../../domain/flags/delete-flag-set.ts';
import type { FindFlagSets } from '../../../domain/flags/find-flag-sets.ts';
import type { Flag } from '../../../domain/flags/flag.ts';
import type { FlagSet, HistoryEntry } from '../../../domain/flags/flag-set.ts';
import { matchesEtag, preconditionIn } from '../preconditions.ts';
import { recordChange } from '../record-change.ts';
import { pageRequest, timestamp } from '../schemas.ts';
import { type LiveRoutesOptions, liveRoutes } from './live-routes.ts';
import { ofrepRoutes } from './ofrep.ts';
import * as schemas from './schemas.ts';

export interface FlagsRoutesOptions extends LiveRoutesOptions {
  readonly createFlagSet: CreateFlagSet;
  readonly findFlagSets: FindFlagSets;
  readonly changeFlags: ChangeFlags;
  readonly deleteFlagSet: DeleteFlagSet;
  readonly current: CurrentFlagSets;
}

const tags = ['flags'];

export const flagsRoutes = (options: FlagsRoutesOptions): FastifyPluginAsync => {
  const plugin: FastifyPluginAsyncTypebox = async (app) => {
    await app.register(ofrepRoutes(options.current));
    await app.register(liveRoutes(options));

    app.post(
      '/flag-sets',
      {
        config: { key: true, problems: ['FLAGS_SET_EXISTS', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'createFlagSet',
          summary: 'Make a flag set',
          description: 'Its id is made unless given. The id of a set that was deleted is not given again.',
          body: schemas.NewFlagSet,
          response: { 201: schemas.CreatedSet },
        },
      },
      async (request, reply) => {
        const set = await options.createFlagSet.execute(request.body);
        recordChange(request, 'flagSet', set.setId, undefined, loggedSet(set));
        reply.header('etag', etagOf(set)).header('location', pathOf(set));
        return reply.code(201).send(setBody(set));
      },
    );

    app.get(
      '/flag-sets',
      {
        config: { key: true, problems: ['STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'listFlagSets',
          summary: 'List flag sets',
          description: 'In the order of their ids, without their flags.',
          querystring: schemas.PageQuery,
          response: { 200: schemas.SetList },
        },
      },
      async ({ query }) => {
        const { items, nextCursor } = await options.findFlagSets.list(pageRequest(query));
        return { flagSets: items.map((set) => ({ ...set, createdAt: timestamp(set.createdAt) })), nextCursor };
      },
    );

    app.get(
      '/flag-sets/:set',
      {
        config: { key: true, problems: ['FLAGS_SET_NOT_FOUND', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'getFlagSet',
          summary: 'Get a flag set with its flags',
          description: 'With the rules of its flags: for those who change them. Clients evaluate.',
          params: schemas.SetParams,
          headers: schemas.IfNoneMatch,
          response: { 200: schemas.FlagSetBody, 304: schemas.Unchanged },
        },
      },
      async ({ params, headers }, reply) => {
        const set = await options.findFlagSets.byId(params.set);
        const etag = etagOf(set);
        reply.header('etag', etag);
        if (matchesEtag(headers['if-none-match'], etag)) return reply.code(304).send(null);
        return reply.code(200).send(setBody(set));
      },
    );

    app.delete(
      '/flag-sets/:set',
      {
        config: { key: true, problems: ['FLAGS_SET_NOT_FOUND', 'PRECONDITION_FAILED', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'deleteFlagSet',
          summary: 'Delete a flag set',
          description:
            'With its flags and its history. With `If-Match` only if it still has that revision. Deleting it again is 404; ' +
            'after a 5xx it removes what is left of the set.',
          params: schemas.SetParams,
          headers: schemas.PreconditionHeaders,
          response: { 204: schemas.Nothing },
        },
      },
      async (request, reply) => {
        const { deleteFlagSet, current } = options;
        const setId = request.params.set;
        const set = await deleteFlagSet.execute(setId, preconditionIn(request.headers, etagOf));
        current.forget(setId);
        recordChange(request, 'flagSet', setId, loggedSet(set), undefined);
        await deleteFlagSet.clear(setId);
        return reply.code(204).send(null);
      },
    );

    app.put(
      '/flag-sets/:set/flags/:key',
      {
        config: {
          key: true,
          problems: [
            'FLAGS_SET_NOT_FOUND',
            'FLAGS_CYCLE',
            'FLAGS_SET_FULL',
            'PRECONDITION_FAILED',
            'STORE_UNAVAILABLE',
          ],
        },
        schema: {
          tags,
          operationId: 'putFlag',
          summary: 'Put a flag',
          description:
            'The whole flag, in place of the one that is there. With `If-Match` (the revision of the set) only if nobody has ' +
            'changed the set since it was read; `*` speaks of the flag: `If-None-Match: *` puts a new one alone.',
          params: schemas.FlagParams,
          headers: schemas.PreconditionHeaders,
          body: schemas.NewFlag,
          response: { 200: schemas.FlagBody, 201: schemas.CreatedFlag },
        },
      },
      async (request, reply) => {
        const { key } = request.params;
        const { reason, ...definition } = request.body;
        const changed = await options.changeFlags.put(orderOf(request, reason, key), key, definition);
        recordFlags(request, changed);
        const { set, changes } = changed;
        const body = { revision: set.revision, flag: flagBody(set.flags.get(key) as Flag) };
        reply.header('etag', etagOf(set));
        if (changes[0]?.before) return reply.code(200).send(body);
        return reply.code(201).header('location', pathOf(set)).send(body);
      },
    );

    app.delete(
      '/flag-sets/:set/flags/:key',
      {
        config: {
          key: true,
          optionalBody: true,
          problems: ['FLAGS_SET_NOT_FOUND', 'FLAGS_NOT_FOUND', 'PRECONDITION_FAILED', 'STORE_UNAVAILABLE'],
        },
        schema: {
          tags,
          operationId: 'deleteFlag',
          summary: 'Delete a flag',
          description: 'Conditions of other flags that ask for it hold no longer. Deleting it again is 404.',
          params: schemas.FlagParams,
          headers: schemas.PreconditionHeaders,
          body: schemas.Why,
          response: { 200: schemas.RevisionBody },
        },
      },
      async (request, reply) => {
        const { key } = request.params;
        const changed = await options.changeFlags.delete(orderOf(request, request.body.reason, key), key);
        recordFlags(request, changed);
        reply.header('etag', etagOf(changed.set));
        return { revision: changed.set.revision };
      },
    );

    app.get(
      '/flag-sets/:set/history',
      {
        config: { key: true, problems: ['FLAGS_SET_NOT_FOUND', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'listFlagHistory',
          summary: 'List every change of a flag set',
          description: 'Newest first. A revert of several flags has a line for each of them, all with its revision.',
          params: schemas.SetParams,
          querystring: schemas.PageQuery,
          response: { 200: schemas.History },
        },
      },
      async ({ params, query }) => {
        const { items, nextCursor } = await options.findFlagSets.history(params.set, pageRequest(query));
        return { history: items.map(historyBody), nextCursor };
      },
    );

    app.post(
      '/flag-sets/:set/revert',
      {
        config: {
          key: true,
          problems: [
            'FLAGS_SET_NOT_FOUND',
            'FLAGS_REVISION_NOT_FOUND',
            'FLAGS_REVERT_TOO_LARGE',
            'FLAGS_SET_FULL',
            'PRECONDITION_FAILED',
            'STORE_UNAVAILABLE',
          ],
        },
        schema: {
          tags,
          operationId: 'revertFlagSet',
          summary: 'Go back to an earlier revision',
          description: 'Makes a new revision with the flags of the old one; the history goes on.',
          params: schemas.SetParams,
          headers: schemas.PreconditionHeaders,
          body: schemas.Revert,
          response: { 200: schemas.FlagSetBody },
        },
      },
      async (request, reply) => {
        const { to, reason } = request.body;
        const changed = await options.changeFlags.revert(orderOf(request, reason), to);
        recordFlags(request, changed);
        reply.header('etag', etagOf(changed.set));
        return setBody(changed.set);
      },
    );
  };
  return plugin as FastifyPluginAsync;
};

const etagOf = ({ revision }: Pick<FlagSet, 'revision'>): string => `"${revision}"`;
const pathOf = ({ setId }: Pick<FlagSet, 'setId'>): string => `/flag-sets/${setId}`;

type FlagsRequest = FastifyRequest & {
  readonly params: { readonly set: string };
  readonly headers: Static<typeof schemas.PreconditionHeaders>;
};

/** @param key of the flag of which `*` speaks in a precondition; tags speak of the set */
const orderOf = ({ params, headers, caller }: FlagsRequest, reason?: string, key?: string): ChangeOrder => ({
  setId: params.set,
  by: caller?.keyName ?? caller?.subjects[0] ?? '',
  reason,
  precondition: preconditionIn(headers, etagOf, ({ flags }: FlagSet) => key === undefined || flags.has(key)),
});

/** One line for each flag that changed. */
function recordFlags(request: FlagsRequest, { set, changes }: ChangedSet): void {
  for (const { key, before, after } of changes)
    recordChange(request, 'flag', `${set.setId}/${key}`, before && loggedFlag(before), after && loggedFlag(after));
}

/** The values of rules may be people's; the history has them. */
const loggedFlag = ({ rules = [], ...flag }: Flag) => ({
  ...flag,
  rules: rules.map(({ if: conditions, serve }) => ({
    if: conditions.map(({ attribute, op, values }) => ({ attribute, op, values: values?.length })),
    serve,
  })),
});

const loggedSet = ({ setId, title, revision }: FlagSet) => ({ setId, title, revision });

/** Without what is undefined, which the schema of an answer cannot write. */
const flagBody = (flag: Flag) => JSON.parse(JSON.stringify(flag)) as Static<typeof schemas.FlagBody>['flag'];

const setBody = ({ setId, title, revision, updatedAt, flags }: FlagSet): Static<typeof schemas.FlagSetBody> => ({
  setId,
  title,
  revision,
  updatedAt: timestamp(updatedAt),
  flags: [...flags.keys()].sort().map((key) => flagBody(flags.get(key) as Flag)),
});

const historyBody = ({ at, before, after, ...entry }: HistoryEntry) => ({
  ...entry,
  at: timestamp(at),
  before: before ? flagBody(before) : null,
  after: after ? flagBody(after) : null,
});
