import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, type FieldIssue } from '../../../domain/shared/domain-error.ts';
import type { AnswerBallot } from '../../../domain/votes/answer-ballot.ts';
import type { CastVote } from '../../../domain/votes/cast-vote.ts';
import type { FindPolls } from '../../../domain/votes/find-polls.ts';
import type { FindVote } from '../../../domain/votes/find-vote.ts';
import { MIN_SECRET_LENGTH } from '../../../domain/votes/poll.ts';
import type { Clock, Ids, Meter } from '../../../ports/system.ts';
import { isIdentity } from '../schemas.ts';
import { problems } from './problems.ts';
import * as schemas from './schemas.ts';
import { refusalPage, VOTING_PAGE_POLICY, type VotingPage, votingPage } from './voting-page.ts';

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

  async function pageOf(
    pollId: string,
    publicPath: string,
    { choice, v, refusal }: { choice?: string; v?: string; refusal?: string | undefined },
  ): Promise<string> {
    const poll = await findPolls.byId(pollId);
    const given = v !== undefined && isIdentity(v) ? v : undefined;
    const vote = given === undefined ? undefined : await findVote.execute(poll, given);
    const page: VotingPage = {
      poll,
      now: clock.now(),
      action: `${publicPath}/vote/${pollId}`,
      voteId: given ?? ids.secret(),
      marked: choice,
      refusal,
      // A short identity can be guessed, so that it shows nothing.
      vote: given !== undefined && given.length >= MIN_SECRET_LENGTH ? vote : undefined,
    };
    if (vote && !page.vote) return votingPage({ ...page, refusal: refusal ?? 'This vote is counted already.' });
    return votingPage(page);
  }

  return async (app) => {
    app.get(
      '/vote/:pollId',
      {
        config: { problems: ['VOTES_POLL_NOT_FOUND', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'getVotingPage',
          summary: 'The page on which people vote',
          description:
            '`choice` marks a choice, and `v` is the identity of the vote, so that a link counts once. Opening the page never ' +
            'votes. Parameters that are not known are ignored.',
          params: schemas.PollParams,
          querystring: schemas.VotingLink,
          response: { 200: schemas.Page },
        },
        errorHandler: refusedAsPage(async (refusal) => refusalPage(refusal)),
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
        config: { form: true, problems: ['FORBIDDEN', ...REFUSALS] },
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
        errorHandler: refusedAsPage(async (refusal, request) => {
          const { pollId } = request.params as { pollId: string };
          const { v, choice } = (request.body ?? {}) as Form;
          const sent = { ...(choice === undefined ? {} : { choice }), ...(v === undefined ? {} : { v }) };
          return pageOf(pollId, app.publicPath, { ...sent, refusal }).catch(() => refusalPage(refusal));
        }),
      },
      async ({ params: { pollId }, body }, reply) => {
        const { choice, v, voter } = body;
        const answers = Object.fromEntries(
          Object.entries(body as Form).flatMap(([name, text]) =>
            name.startsWith(ANSWER) ? [[name.slice(ANSWER.length), text]] : [],
          ),
        );
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

/** The browser may keep a form for those who go back to it, so that its vote counts once; nobody else gets it. */
const KEPT_FOR_GOING_BACK = 'private, no-cache';

/**
 * No copy is kept of what a vote says.
 *
 * A browser that sends no `Sec-Fetch-Site`, as none does over plain http to another machine, tells the origin of a form
 * only where the page may be named to its own site. Other sites never hear of it.
 */
function send(
  { headers }: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
  page: string,
  cacheControl: 'no-store' | typeof KEPT_FOR_GOING_BACK = 'no-store',
) {
  const { 'sec-fetch-site': site, host = '' } = headers;
  if (site === undefined && !LOOPBACK.test(host)) reply.header('referrer-policy', 'same-origin');
  return reply
    .type('text/html; charset=utf-8')
    .headers({ 'content-security-policy': VOTING_PAGE_POLICY, 'cache-control': cacheControl })
    .send(page);
}

/** Browsers take it for as safe as TLS. */
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;

/** Refuses by a page where a person reads the answer, and like everywhere else where it is a program. */
function refusedAsPage(page: (refusal: string, request: FastifyRequest) => Promise<string>) {
  return async (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const status = statusOf(error);
    if (status === undefined || !/\btext\/html\b/i.test(request.headers.accept ?? '')) throw error;
    return send(request, reply.code(status), await page(messageOf(error as DomainError), request));
  };
}

const GENERAL_STATUS: Readonly<Record<string, number>> = {
  INVALID_REQUEST: 400,
  FORBIDDEN: 403,
  IDEMPOTENCY_KEY_REUSED: 422,
};

/** @returns undefined for what is no refusal that a voter can do something about */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof DomainError)) return undefined;
  return GENERAL_STATUS[error.code] ?? problems[error.code]?.status;
}

const messageOf = ({ code, issues, message }: DomainError): string =>
  code === 'INVALID_REQUEST' ? issues.map(inWords).join(' ') : message;

const inWords = ({ path, message }: FieldIssue): string => `“${path}” ${message}.`;

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
