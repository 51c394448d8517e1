import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyPluginAsync } from 'fastify';
import type { CurrentFlagSet, CurrentFlagSets } from '../../../domain/flags/current-flag-sets.ts';
import { SUBPROTOCOL } from '../../../domain/flags/socket-messages.ts';
import type { FlagTickets } from '../../../domain/flags/tickets.ts';
import { ToldRevision } from '../../../domain/flags/told-revision.ts';
import { DomainError } from '../../../domain/shared/domain-error.ts';
import type { Random } from '../../../ports/system.ts';
import type { EventStream } from '../event-stream.ts';
import { generalProblems } from '../problems.ts';
import { timestamp } from '../schemas.ts';
import { FlagSocket } from './flag-socket.ts';
import { FollowedSets } from './followed-sets.ts';
import * as schemas from './live-schemas.ts';
import { problems as ofFlags } from './problems.ts';

export interface LiveRoutesOptions {
  readonly current: CurrentFlagSets;
  readonly tickets: FlagTickets;
  readonly random: Random;
}

const tags = ['flags'];
const problems = ['FLAGS_SET_NOT_FOUND', 'TOO_MANY_REQUESTS', 'NOT_IMPLEMENTED', 'STORE_UNAVAILABLE'];

/** How clients hear of changes without asking again and again. */
export const liveRoutes = ({ current, tickets, random }: LiveRoutesOptions): FastifyPluginAsync => {
  const plugin: FastifyPluginAsyncTypebox = async (app) => {
    const followed = new FollowedSets(current);

    app.post(
      '/flag-sets/:set/tickets',
      {
        config: { key: true, problems: ['FLAGS_SET_NOT_FOUND', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'createFlagTicket',
          summary: 'Make a ticket for a browser',
          description:
            'A browser sends no headers with a socket or an event stream, but the ticket as `?ticket=`: that of a socket for 30 ' +
            'seconds and one connection, that of events for an hour. Whoever comes with it may do what the caller may.',
          params: schemas.SetParams,
          body: schemas.NewTicket,
          response: { 201: schemas.Ticket },
        },
      },
      async ({ params, body, caller }, reply) => {
        // The route needs a key.
        const { ticket, expiresAt } = await tickets.issue(params.set, body.for, caller as NonNullable<typeof caller>);
        return reply.code(201).send({ ticket, expiresAt: timestamp(expiresAt) });
      },
    );

    app.get(
      '/flag-sets/:set/events',
      {
        exposeHeadRoute: false,
        config: {
          key: true,
          ticket: 'events',
          bearsStalePolicies: true,
          stream: true,
          streamAdvice: 'Evaluate with `If-None-Match`, or connect to the output `SocketUrl` of the stack.',
          problems,
        },
        schema: {
          tags,
          operationId: 'followFlags',
          summary: 'Follow a flag set (server-sent events)',
          description:
            'Events without values, with the revision as id: it is time to evaluate again. One at once, unless `Last-Event-ID` ' +
            'is the revision; then one for each change.',
          params: schemas.SetParams,
          headers: schemas.EventsHeaders,
          querystring: schemas.TicketQuery,
          response: { 200: schemas.FlagEvents },
        },
      },
      async (request, reply) => {
        const { params, headers, clientAddress, log } = request;
        const stream = app.openStreams.open(clientAddress);
        try {
          const last = revisionIn(headers['last-event-id']);
          const told = new ToldRevision(last);
          const news = ({ set: { revision } }: CurrentFlagSet): void => {
            if (told.isNews(revision)) tell(stream, revision);
          };
          const { now, stop } = await followed.follow(params.set, { news, gone: () => stream.end() });
          news(now);
          const unwatch = app.watchCaller(request, reply, () => stream.end());
          stream.body.once('close', () => {
            stop();
            unwatch();
            log.info({ setId: params.set }, 'stream closed');
          });
        } catch (error) {
          stream.body.destroy();
          throw error;
        }
        reply.type('text/event-stream').header('cache-control', 'private, no-store');
        // A proxy that collects an answer, to compress it, would hold events back until there are many.
        return reply.header('x-accel-buffering', 'no').send(stream.body);
      },
    );

    app.get(
      '/flag-sets/:set/socket',
      {
        exposeHeadRoute: false,
        config: {
          key: true,
          ticket: 'socket',
          bearsStalePolicies: true,
          socket: true,
          stream: true,
          streamAdvice: 'Connect to the output `SocketUrl` of the stack.',
          problems: [...problems, 'UPGRADE_REQUIRED'],
        },
        schema: {
          tags,
          operationId: 'connectToFlags',
          summary: 'Follow the values of all flags for a context (WebSocket)',
          description: `By the protocol \`${SUBPROTOCOL}\`: see docs/flags.md. Whatever is refused is refused before the upgrade.`,
          params: schemas.SetParams,
          querystring: schemas.TicketQuery,
          response: { 101: schemas.Upgraded },
        },
      },
      async (request, reply) => {
        const { params, clientAddress, log } = request;
        const setId = params.set;
        const ends: (() => void)[] = [];
        let client: FlagSocket | undefined;
        let isEnding = false;
        const finish = (): void => {
          for (const end of ends.splice(0)) end();
        };
        try {
          ends.push(
            app.openStreams.add(clientAddress, () => {
              isEnding = true;
              client?.goAway();
            }),
          );
          const follower = {
            news: () => client?.push(),
            gone: () => client?.close({ code: 'FLAGS_SET_NOT_FOUND' }),
          };
          const { now, stop } = await followed.follow(setId, follower);
          ends.push(stop);
          const socket = await app.upgrade(request, reply, SUBPROTOCOL);
          if (!socket) {
            finish();
            return reply;
          }
          client = new FlagSocket(socket, {
            setId,
            latest: () => {
              const latest = followed.latest(setId) ?? now;
              // What a caller is told by policies that may be old is as old as they may be.
              return { ...latest, stale: latest.stale || request.policiesStale };
            },
            read: (atLeast) => current.read(setId, atLeast),
            problemOf: (code) => ({ ...generalProblems, ...ofFlags })[code] ?? { status: 500 },
            random,
            onFault: (err) => log.error({ err }, 'a connection of flags failed'),
          });
          ends.push(
            app.watchCaller(request, reply, (refusal) =>
              client?.close(refusal instanceof DomainError ? refusal : { code: 'INTERNAL' }),
            ),
          );
          log.info({ setId }, 'socket opened');
          socket.once('close', (closeCode: number) => {
            finish();
            log.info({ setId, closeCode }, 'socket closed');
          });
          if (isEnding) client.goAway();
        } catch (error) {
          finish();
          throw error;
        }
        return reply;
      },
    );
  };
  return plugin as FastifyPluginAsync;
};

/** In the words of OFREP: `etag` comes back as `flagConfigEtag`, so that nobody answers with an earlier revision. */
const tell = (stream: EventStream, revision: number): void =>
  stream.send({
    id: String(revision),
    data: JSON.stringify({ type: 'refetchEvaluation', etag: `"${revision}"` }),
  });

const revisionIn = (id: string | undefined): number | undefined =>
  /^\d{1,15}$/.test(id ?? '') ? Number(id) : undefined;
