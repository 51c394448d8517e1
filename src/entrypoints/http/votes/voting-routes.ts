import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, invalidRequest } from '../../../domain/shared/domain-error.ts';
import type { AnswerBallot } from '../../../domain/votes/answer-ballot.ts';
import type { CastVote } from '../../../domain/votes/cast-vote.ts';
import type { FindPolls } from '../../../domain/votes/find-polls.ts';
import type { FindVote } from '../../../domain/votes/find-vote.ts';
import { MIN_SECRET_LENGTH } from '../../../domain/votes/poll.ts';
import type { Clock, Ids, Meter } from '../../../ports/system.ts';
import type { RefusalPage } from '../errors.ts';
import { isIdentity } from '../schemas.ts';
import * as schemas from './schemas.ts';
import { refusalPage, retryPage, type VotingPage, votingPage, votingPagePolicy } from './voting-page.ts';
import { isPassing, refusalFor, type Sent } from './voting-refusals.ts';

export interface VotingRoutesOptions {
  readonly findPolls: FindPolls;
  readonly castVote: CastVote;
  readonly findVote: FindVote;
  readonly answerBallot: AnswerBallot;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly meter: Meter;
  /** Public addresses of the service. */
  readonly publicUrls: readonly string[];
  /** Origins whose pages may show the page in a frame. */
  readonly embedOrigins: readonly string[];
}

type Form = Readonly<Record<string, string>>;

const tags = ['votes'];
const REFUSALS = [
  'VOTES_POLL_NOT_FOUND',
  'VOTES_BALLOT_NOT_FOUND',
  'VOTES_UNKNOWN_CHOICE',
  'VOTES_POLL_CLOSED',
  'VOTES_POLL_NOT_OPEN',
  'VOTES_ALREADY_VOTED',
  'VOTES_CHANNEL_CLOSED',
  'VOTES_VOTER_KEY_CHANGED',
  'IDEMPOTENCY_KEY_REUSED',
  'STORE_UNAVAILABLE',
] as const;

/** The page on which people vote, and its forms. A GET never votes: mail scanners follow links before people do. */
export const votingRoutes = (options: VotingRoutesOptions): FastifyPluginAsyncTypebox => {
  const { findPolls, castVote, findVote, answerBallot, clock, ids, meter } = options;
  const isOurs = ownPages(options.publicUrls);
  const send = pageSender(options.embedOrigins);

  /** @throws DomainError `INVALID_REQUEST` for a `v` that can be no identity of a vote in this poll */
  async function pageOf(
    pollId: string,
    publicPath: string,
    { choice, v, ...more }: { choice?: string; v?: string } & Pick<VotingPage, 'refusal' | 'isRepeat' | 'unkept'>,
  ): Promise<string> {
    if (v !== undefined && !isIdentity(v)) throw badIdentity('must be 1–128 printable ASCII characters');
    const poll = await findPolls.byId(pollId);
    const isSecret = v === undefined || v.length >= MIN_SECRET_LENGTH;
    if (poll.questions !== undefined && !isSecret)
      throw badIdentity(`must have ${MIN_SECRET_LENGTH} characters or more in a poll with questions`);
    const vote = v === undefined ? undefined : await findVote.execute(poll, v);
    return votingPage({
      poll,
      now: clock.now(),
      action: `${publicPath}/vote/${pollId}`,
      voteId: v ?? ids.secret(),
      marked: choice,
      // A short identity can be guessed, so that it shows nothing.
      vote: vote && !isSecret ? 'hidden' : vote,
      ...more,
    });
  }

  const refuseLink: RefusalPage = async (code, issues, request, reply) =>
    send(request, reply, refusalPage(refusalFor(code, issues, 'link')));

  const refuseForm: RefusalPage = async (code, issues, request, reply) => {
    const { pollId } = request.params as { pollId: string };
    const form = textsOf(request.body);
    const { choice, v } = form;
    const answers = answersIn(form);
    const sent: Sent = choice === undefined && Object.keys(answers).length > 0 ? 'answers' : 'vote';
    const refusal = refusalFor(code, issues, sent);
    const action = `${request.server.publicPath}/vote/${pollId}`;
    if (isPassing(code) && Object.keys(form).length > 0) return send(request, reply, retryPage(refusal, action, form));
    if (isPassing(code)) return send(request, reply, refusalPage(refusal));
    const isRepeat = code === 'IDEMPOTENCY_KEY_REUSED';
    const page = pageOf(pollId, request.server.publicPath, {
      ...(choice === undefined ? {} : { choice }),
      ...(v === undefined ? {} : { v }),
      ...(isRepeat ? { isRepeat } : { refusal }),
      unkept: answers,
    });
    return send(request, reply, await page.catch(() => refusalPage(refusal)));
  };

  return async (app) => {
    app.get(
      '/vote/:pollId',
      {
        config: { problems: ['VOTES_POLL_NOT_FOUND', 'STORE_UNAVAILABLE'], refusalPage: refuseLink },
        schema: {
          tags,
          operationId: 'getVotingPage',
          summary: 'The page on which people vote',
          description:
            '`choice` marks a choice, and `v` is the identity of the vote, so that a link counts once. Opening the page never ' +
            'votes. A `v` that can be no identity in this poll is refused. Parameters that are not known are ignored.',
          params: schemas.PollParams,
          querystring: schemas.VotingLink,
          response: { 200: schemas.Page },
        },
      },
      async (request, reply) =>
        send(
          request,
          reply,
          await pageOf(request.params.pollId, app.publicPath, request.query),
          request.query.v === undefined ? KEPT_FOR_GOING_BACK : 'no-store',
        ),
    );

    app.post(
      '/vote/:pollId',
      {
        config: { form: true, problems: ['FORBIDDEN', ...REFUSALS], refusalPage: refuseForm },
        schema: {
          tags,
          operationId: 'sendVotingPage',
          summary: 'Take the forms of the page on which people vote',
          description:
            'With `choice` it votes, with `answers.<id>` it answers what the poll asks. Only our own pages may send it, as ' +
            '`Origin` or `Sec-Fetch-Site` tells.',
          consumes: ['application/x-www-form-urlencoded'],
          params: schemas.PollParams,
          body: schemas.VotingForm,
          response: { 303: schemas.ToVotingPage },
        },
        preValidation: async (request) => {
          if (!isOurs(request))
            throw new DomainError('FORBIDDEN', 'Only the voting page of this service may send this form.');
          // Browsers write every line break of a form as two characters.
          request.body = Object.fromEntries(
            Object.entries((request.body ?? {}) as Record<string, unknown>).map(([name, value]) => [
              name,
              typeof value === 'string' ? value.replaceAll('\r\n', '\n') : value,
            ]),
          );
        },
      },
      async ({ params: { pollId }, body }, reply) => {
        const { choice, v, voter } = body;
        const answers = answersIn(body as Form);
        let voteId = v;
        if (choice !== undefined) {
          const vote = { choice, channel: 'web' as const, ...(v ? { voteId: v } : {}), ...(voter ? { voter } : {}) };
          const cast = await castVote.execute(pollId, vote);
          if (!cast.replayed) meter.record('VotesTaken', 1, 'Count');
          voteId = cast.voteId;
        }
        if (Object.keys(answers).length > 0) await answerBallot.execute(pollId, voteId ?? '', answers);
        const link = voteId === undefined ? '' : `?v=${encodeURIComponent(voteId)}`;
        // Null would be sent as a text.
        return reply
          .code(303)
          .header('location', `/vote/${pollId}${link}`)
          .send(undefined as unknown as null);
      },
    );
  };
};

const ANSWER = 'answers.';

const answersIn = (form: Form): Form =>
  Object.fromEntries(
    Object.entries(form).flatMap(([name, text]) =>
      name.startsWith(ANSWER) ? [[name.slice(ANSWER.length), text]] : [],
    ),
  );

/** What a form holds that was refused, and may hold anything. */
const textsOf = (body: unknown): Form =>
  Object.fromEntries(Object.entries(body ?? {}).filter(([, value]) => typeof value === 'string'));

const badIdentity = (message: string): DomainError => invalidRequest({ path: 'v', message });

/** The browser may keep a form for those who go back to it, so that its vote counts once; nobody else gets it. */
const KEPT_FOR_GOING_BACK = 'private, no-cache';

/**
 * No copy is kept of what a vote says.
 *
 * A browser that sends no `Sec-Fetch-Site`, as none does over plain http to another machine, tells the origin of a form
 * only where the page may be named to its own site. Other sites never hear of it.
 */
function pageSender(embedOrigins: readonly string[]) {
  const policy = votingPagePolicy(embedOrigins);
  return (
    { headers }: Pick<FastifyRequest, 'headers'>,
    reply: FastifyReply,
    page: string,
    cacheControl: 'no-store' | typeof KEPT_FOR_GOING_BACK = 'no-store',
  ) => {
    const { 'sec-fetch-site': site, host = '' } = headers;
    if (site === undefined && !LOOPBACK.test(host)) reply.header('referrer-policy', 'same-origin');
    // It knows no list of origins.
    if (embedOrigins.length > 0) reply.removeHeader('x-frame-options');
    return reply
      .type('text/html; charset=utf-8')
      .headers({ 'content-security-policy': policy, 'cache-control': cacheControl })
      .send(page);
  };
}

/** Browsers take it for as safe as TLS. */
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;

/**
 * Whether a form was sent by a page of ours. Other pages could else vote for their visitors.
 *
 * @param publicUrls behind which the service may be
 */
function ownPages(publicUrls: readonly string[]): (request: FastifyRequest) => boolean {
  const origins = new Set(publicUrls.map((url) => new URL(url).origin));
  return ({ headers: { origin, host, 'sec-fetch-site': site } }) => {
    if (site === 'same-origin') return true;
    if (origin === undefined || !URL.canParse(origin)) return false;
    return origins.has(origin) || new URL(origin).host === host;
  };
}
