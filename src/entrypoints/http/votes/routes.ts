import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyPluginAsync } from 'fastify';
import type { Static } from 'typebox';
import * as Type from 'typebox';
import { within } from '../../../adapters/common/deadline.ts';
import { DomainError, invalidRequest, storeUnavailable } from '../../../domain/shared/domain-error.ts';
import type { AnswerSms } from '../../../domain/votes/answer-sms.ts';
import type { AuditPoll } from '../../../domain/votes/audit-poll.ts';
import type { ClosePoll } from '../../../domain/votes/close-poll.ts';
import type { CreatePoll } from '../../../domain/votes/create-poll.ts';
import { type Audit, isFinal, type Poll, pollStatus } from '../../../domain/votes/poll.ts';
import { concealed, type ReadResults, type Results } from '../../../domain/votes/read-results.ts';
import type { RecountPoll } from '../../../domain/votes/recount-poll.ts';
import type { Meter } from '../../../ports/system.ts';
import { addVary } from '../answer-headers.ts';
import type { Caller } from '../guards.ts';
import { matchesEtag } from '../preconditions.ts';
import { recordChange } from '../record-change.ts';
import { pageRequest, timestamp } from '../schemas.ts';
import { type FeedbackRoutesOptions, feedbackRoutes } from './feedback-routes.ts';
import { LiveResults, versionOf } from './live-results.ts';
import { prefersCsv, resultsCsv } from './results-csv.ts';
import * as schemas from './schemas.ts';
import { SharedReads } from './shared-reads.ts';
import { numberIn } from './sms-address.ts';
import { quotesReply, twimlReply } from './sms-replies.ts';
import { parseTime } from './time.ts';
import { refusalOf, type TwilioSettings } from './twilio-signature.ts';
import { type VotingRoutesOptions, votingRoutes } from './voting-routes.ts';

export interface VotesRoutesOptions extends FeedbackRoutesOptions, VotingRoutesOptions {
  readonly createPoll: CreatePoll;
  readonly answerSms: AnswerSms;
  readonly readResults: ReadResults;
  readonly closePoll: ClosePoll;
  readonly auditPoll: AuditPoll;
  readonly recountPoll: RecountPoll;
  readonly meter: Meter;
  readonly twilio: TwilioSettings;
}

/** Caches between the service and many who look may keep what all of them see; browsers ask again, with their `ETag`. */
const SHARED_FOR_A_SECOND = 'public, max-age=0, s-maxage=1';
/** For marking the shards, of which a poll may have 2,000, and for the audit. */
const CLOSE_BUDGET_MS = 20_000;
/** Twilio hangs up after 15 s. */
const SMS_BUDGET_MS = 12_000;
const tags = ['votes'];
/** The headers by which answers differ that show more to some. */
const CREDENTIALS = 'Authorization, x-api-key';

export const votesRoutes = (options: VotesRoutesOptions): FastifyPluginAsync => {
  const { clock, meter } = options;
  const plugin: FastifyPluginAsyncTypebox = async (app) => {
    const mayCreate = async (caller: Caller | undefined) =>
      caller !== undefined && (await app.mayUse(caller, 'POST', '/polls'));
    const results = new SharedReads((pollId) => options.readResults.execute(pollId));
    app.post(
      '/polls',
      {
        config: {
          key: true,
          problems: ['VOTES_POLL_EXISTS', 'VOTES_NUMBER_TAKEN', 'VOTES_NO_SLACK', 'STORE_UNAVAILABLE'],
        },
        schema: {
          tags,
          operationId: 'createPoll',
          summary: 'Create a poll',
          description:
            'It opens at once unless `opensAt` is given, and stays open until it is closed unless `closesAt` is.',
          body: schemas.NewPoll,
          response: { 201: schemas.CreatedPoll },
        },
      },
      async (request, reply) => {
        const { opensAt, closesAt, ...rest } = request.body;
        const draft = { ...rest, opensAt: epochMs('opensAt', opensAt), closesAt: epochMs('closesAt', closesAt) };
        const poll = await options.createPoll.execute(draft);
        const body = pollBody(poll, clock.now(), true);
        recordChange(request, 'poll', poll.pollId, undefined, loggedBody(poll, clock.now()));
        return reply.code(201).header('location', `/polls/${poll.pollId}`).send(body);
      },
    );

    app.get(
      '/polls',
      {
        config: { key: 'optional', problems: ['STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'listPolls',
          summary: 'List polls, newest first',
          description:
            'Those that are closed and those that are yet to open, too. Who may create polls sees their `notify`.',
          querystring: schemas.PageQuery,
          response: { 200: schemas.PollList },
        },
      },
      async ({ query, caller }, reply) => {
        const page = await options.findPolls.list(pageRequest(query));
        const now = clock.now();
        addVary(reply, CREDENTIALS);
        const showsNotify = await mayCreate(caller);
        return { polls: page.items.map((poll) => pollBody(poll, now, showsNotify)), nextCursor: page.nextCursor };
      },
    );

    app.get(
      '/polls/:pollId',
      {
        config: { key: 'optional', problems: ['VOTES_POLL_NOT_FOUND', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'getPoll',
          summary: 'Read a poll',
          description:
            'What was put in, and how far the poll is. The votes are in its results. Who may create polls sees its `notify`.',
          params: schemas.PollParams,
          response: { 200: schemas.PollBody },
        },
      },
      async ({ params: { pollId }, caller }, reply) => {
        const poll = await options.findPolls.byId(pollId);
        addVary(reply, CREDENTIALS);
        return pollBody(poll, clock.now(), await mayCreate(caller));
      },
    );

    app.post(
      '/polls/:pollId/votes',
      {
        config: {
          problems: [
            'VOTES_POLL_NOT_FOUND',
            'VOTES_UNKNOWN_CHOICE',
            'VOTES_POLL_CLOSED',
            'VOTES_POLL_NOT_OPEN',
            'VOTES_ALREADY_VOTED',
            'VOTES_CHANNEL_CLOSED',
            'IDEMPOTENCY_KEY_REUSED',
            'VOTES_VOTER_KEY_CHANGED',
            'STORE_UNAVAILABLE',
          ],
        },
        schema: {
          tags,
          operationId: 'castVote',
          summary: 'Vote in a poll',
          description:
            'The vote’s identity is `voteId`, else the `Idempotency-Key`, else generated. The same vote again answers ' +
            'as the first time, with `Idempotent-Replayed: true`, and counts nothing.',
          params: schemas.PollParams,
          headers: schemas.IdempotencyHeaders,
          body: schemas.NewVote,
          response: { 201: schemas.VoteReceipt },
        },
      },
      async ({ params: { pollId }, headers, body }, reply) => {
        const key = headers['idempotency-key'];
        if (key !== undefined && body.voteId !== undefined && key !== body.voteId)
          throw invalidRequest({
            path: 'voteId',
            message: 'differs from the Idempotency-Key; give one, or both the same',
          });
        const vote = { ...body, voteId: body.voteId ?? key, channel: 'web' } as const;
        const { voteId, choice, acceptedAt, replayed } = await options.castVote.execute(pollId, vote);
        if (replayed) reply.header('idempotent-replayed', 'true');
        else meter.record('VotesTaken', 1, 'Count');
        return reply.code(201).send({ voteId, pollId, choice, acceptedAt: timestamp(acceptedAt) });
      },
    );

    app.get(
      '/polls/:pollId/results',
      {
        config: { key: 'optional', problems: ['VOTES_POLL_NOT_FOUND', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'getResults',
          summary: 'Read the results',
          description:
            'With `If-None-Match` the answer is 304 while neither the tally nor what is said of it has changed. With an ' +
            'API key the figures are shown that a poll hides. With `Accept: text/csv` the answer is a table of the choices.',
          params: schemas.PollParams,
          headers: schemas.ResultsHeaders,
          response: { 200: schemas.ResultsAnswer, 304: Type.Null({ description: 'Unchanged' }) },
        },
      },
      async ({ params: { pollId }, headers, caller }, reply) => {
        const now = shownTo(caller, await results.read(pollId));
        const csv = prefersCsv(headers.accept);
        const etag = `"${versionOf(now)}${csv ? '-csv' : ''}"`;
        const cache = caller === undefined ? SHARED_FOR_A_SECOND : now.hidden ? 'private, no-store' : 'no-cache';
        reply.header('etag', etag).header('cache-control', cache);
        addVary(reply, 'Authorization, x-api-key, Accept');
        if (matchesEtag(headers['if-none-match'], etag)) return reply.code(304).send(null);
        if (!csv) return resultsBody(now);
        return reply.type('text/csv; charset=utf-8').send(resultsCsv(now));
      },
    );

    const live = new LiveResults((pollId) => results.read(pollId), clock);
    app.get(
      '/polls/:pollId/results/events',
      {
        exposeHeadRoute: false,
        config: {
          key: 'optional',
          stream: true,
          problems: ['VOTES_POLL_NOT_FOUND', 'TOO_MANY_REQUESTS', 'NOT_IMPLEMENTED', 'STORE_UNAVAILABLE'],
        },
        schema: {
          tags,
          operationId: 'followResults',
          summary: 'Follow the results (server-sent events)',
          description:
            'Events `results` with the revision as id: the state at once, then each change, at most 5 a second.',
          params: schemas.PollParams,
          response: { 200: schemas.ResultEvents },
        },
      },
      async (request, reply) => {
        const { params, caller, clientAddress, log } = request;
        const { pollId } = params;
        await options.findPolls.byId(pollId);
        const stream = app.openStreams.open(clientAddress);
        const unwatch = app.watchCaller(request, reply, () => stream.end());
        const stop = live.watch(pollId, (results) => {
          const now = shownTo(caller, results);
          const id = now.revision === null ? undefined : String(now.revision);
          stream.send({ event: 'results', id, data: JSON.stringify(resultsBody(now)) });
        });
        stream.body.on('close', () => {
          stop();
          unwatch();
          // A client that leaves is no answer, so nothing else would tell of it.
          log.info({ pollId }, 'stream closed');
        });
        reply
          .type('text/event-stream')
          .header('cache-control', caller === undefined ? 'no-store' : 'private, no-store');
        // A proxy that collects an answer, to compress it, would hold events back until there are many.
        return reply.header('x-accel-buffering', 'no').send(stream.body);
      },
    );

    app.post(
      '/polls/:pollId/close',
      {
        config: {
          key: true,
          optionalBody: true,
          problems: ['VOTES_POLL_NOT_FOUND', 'VOTES_POLL_CLOSED', 'VOTES_AUDIT_UNFINISHED', 'STORE_UNAVAILABLE'],
        },
        schema: {
          tags,
          operationId: 'closePoll',
          summary: 'Close a poll and audit it',
          description:
            'A region that is lost is given up with `withoutRegions`; the end of the count then does not wait for it.',
          params: schemas.PollParams,
          body: schemas.ClosePoll,
          response: { 200: schemas.ClosedPoll },
        },
      },
      async (request) => {
        const { pollId } = request.params;
        const close = { by: request.caller?.keyName ?? 'token', withoutRegions: request.body.withoutRegions };
        const closing = options.closePoll.execute(pollId, close).then(({ before, after }) => {
          const now = clock.now();
          recordChange(request, 'poll', pollId, loggedBody(before, now), loggedBody(after, now));
          return options.auditPoll.execute(after);
        });
        const closed = await within(CLOSE_BUDGET_MS, closing);
        if (closed === 'late')
          throw new DomainError(
            'VOTES_AUDIT_UNFINISHED',
            'The poll is closed, and its ballots are being counted. Close it again for the audit.',
            { retryAfterSeconds: 30 },
          );
        const { poll, audit } = closed;
        meter.record('TallyDrift', Math.abs(audit.drift), 'Count');
        return { ...pollBody(poll, clock.now()), audit: auditBody(audit) };
      },
    );

    app.post(
      '/polls/:pollId/recount',
      {
        config: { key: true, problems: ['VOTES_POLL_NOT_FOUND', 'VOTES_POLL_CLOSED', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'recountPoll',
          summary: 'Rebuild the tally from the shards',
          description:
            'For a tally that is in doubt. Only here may a count fall; a closed poll is audited anew if something changed.',
          params: schemas.PollParams,
          response: { 200: schemas.RecountBody },
        },
      },
      async ({ params: { pollId }, log }) => {
        const recount = await options.recountPoll.execute(pollId);
        log[recount.drift === 0 ? 'info' : 'warn']({ pollId, ...recount }, 'recounted');
        // What it brings in may have been on its way; only a tally that was too high was wrong.
        meter.record('TallyDrift', Math.max(0, -recount.drift), 'Count');
        return recount;
      },
    );

    await app.register(feedbackRoutes(options));
    await app.register(votingRoutes(options));

    // Twilio calls the address that somebody typed there, with a closing slash or without.
    for (const path of ['/webhooks/twilio/sms', '/webhooks/twilio/sms/'])
      app.post(
        path,
        {
          config: {
            form: true,
            takesTexts: true,
            problems: ['FORBIDDEN', 'VOTES_VOTER_KEY_CHANGED', 'STORE_UNAVAILABLE'],
          },
          schema: {
            tags,
            hide: path.endsWith('/'),
            operationId: 'takeSms',
            summary: 'Take an SMS from Twilio',
            description:
              'The answer is TwiML with a reply to the voter. Parameters that are not known here are ignored.',
            consumes: ['application/x-www-form-urlencoded'],
            querystring: Type.Object({}),
            headers: schemas.TwilioHeaders,
            body: schemas.SmsForm,
            response: { 200: schemas.TwiML },
          },
          // Twilio signs everything that it sends, known or not, so the check comes before the fields are looked at.
          preValidation: async ({ url, headers, body, log }) => {
            const form = (body ?? {}) as Record<string, unknown>;
            const refusal = await refusalOf(options.twilio, { url, headers, form });
            if (!refusal) return;
            log.warn(refusal, 'refused a text');
            throw new DomainError(
              'FORBIDDEN',
              refusal.checked
                ? 'The request does not carry a signature of this Twilio account.'
                : 'The service has no TWILIO_AUTH_TOKEN, so that it cannot check who sent this.',
            );
          },
        },
        async ({ body }, reply) => {
          const { MessageSid, From, To, Body, OptOutType } = body;
          const message = { messageId: MessageSid, from: numberIn(From), to: numberIn(To), text: Body };
          if (!(await app.admitSender(message.from))) return reply.type('text/xml').send(await twimlReply(undefined));
          // Twilio has answered a sender who opts out or in, whatever the words.
          const answer = OptOutType ? undefined : options.answerSms.execute(message, quotesReply(Body));
          const outcome = await within(SMS_BUDGET_MS, Promise.resolve(answer));
          // The vote may count all the same; a repeat of the message is told so.
          if (outcome === 'late') throw storeUnavailable(new Error('A text was not taken in time'));
          if (outcome?.kind === 'counted') meter.record('VotesTaken', 1, 'Count');
          return reply.type('text/xml').send(await twimlReply(outcome));
        },
      );
  };
  return plugin as FastifyPluginAsync;
};

/** @throws DomainError `INVALID_REQUEST` for what has the form of a time and is none that can be shown again */
function epochMs(path: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (time === undefined)
    throw invalidRequest({ path, message: 'must be a time that there is, in the years 0000 to 9999 UTC' });
  return time;
}

const HIDDEN = '***';

/** A key shows what a poll hides from everybody else. */
const shownTo = (caller: Caller | undefined, results: Results): Results =>
  caller === undefined ? concealed(results) : results;

/** @param showsNotify whether whoever reads it may create polls, and so see who is told of feedback */
function pollBody(poll: Poll, now: number, showsNotify = false): Static<typeof schemas.PollBody> {
  const { pollId, question, choices, opensAt, closesAt, voterLimit, channels, hideUntilClose, smsNumber } = poll;
  const { questions, notify } = poll;
  const status = pollStatus(poll, now);
  return {
    pollId,
    question,
    choices: [...choices],
    opensAt: opensAt === undefined ? undefined : timestamp(opensAt),
    closesAt: closesAt === undefined ? undefined : timestamp(closesAt),
    voterLimit,
    channels: [...channels],
    hideUntilClose,
    smsNumber,
    ...(questions ? { questions: [...questions] } : {}),
    // Who knows the address could send feedback there that nobody gave.
    ...(notify && showsNotify ? { notify: { ...notify, ...(notify.url === undefined ? {} : { url: HIDDEN }) } } : {}),
    status,
    createdAt: timestamp(poll.createdAt),
    ...(status === 'closed' ? closedBody(poll, now) : {}),
  };
}

/** No number of a phone stands in the log, whosever it is. */
function loggedBody(poll: Poll, now: number): object {
  const { smsNumber: _, ...logged } = pollBody(poll, now);
  return logged;
}

/** A poll whose time is over was closed by the schedule, whether or not a sweep has come by. */
const closedBody = ({ closedAt, closedBy, closesAt, ...poll }: Poll, now: number) => ({
  closedAt: timestamp(closedAt ?? (closesAt as number)),
  closedBy: closedAt === undefined ? 'schedule' : closedBy,
  final: isFinal({ ...poll, closedAt, closesAt }, now),
  ...(poll.audit ? { audit: auditBody(poll.audit) } : {}),
});

const auditBody = ({ at, withoutRegions, ...audit }: Audit) => ({
  ...audit,
  at: timestamp(at),
  ...(withoutRegions ? { withoutRegions: [...withoutRegions] } : {}),
});

function resultsBody(results: Results): Static<typeof schemas.ResultsBody> {
  const { pollId, status, hidden, total, choices, ballots, revision, asOf, lagMs } = results;
  const { completeUpTo, stale, staleAfterSeconds, final, regions } = results;
  return {
    pollId,
    status,
    ...(hidden ? { hidden } : {}),
    total,
    ballots,
    choices: [...choices],
    revision,
    asOf: timestamp(asOf),
    lagMs,
    completeUpTo: timestamp(completeUpTo),
    stale,
    staleAfterSeconds,
    final,
    ...(regions ? { regions: [...regions] } : {}),
  };
}
