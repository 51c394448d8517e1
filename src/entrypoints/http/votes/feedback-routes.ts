import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { DomainError, invalidRequest } from '../../../domain/shared/domain-error.ts';
import type { AnswerBallot } from '../../../domain/votes/answer-ballot.ts';
import type { FindPolls } from '../../../domain/votes/find-polls.ts';
import type { ListAnswers } from '../../../domain/votes/list-answers.ts';
import { addVary } from '../answer-headers.ts';
import { pathValue } from '../path-value.ts';
import { preconditionIn } from '../preconditions.ts';
import { isIdentity, pageRequest } from '../schemas.ts';
import { answersCsv } from './answers-csv.ts';
import { prefersCsv } from './results-csv.ts';
import * as schemas from './schemas.ts';

export interface FeedbackRoutesOptions {
  readonly findPolls: FindPolls;
  readonly answerBallot: AnswerBallot;
  readonly listAnswers: ListAnswers;
}

const tags = ['votes'];

/** Answers to what a poll asks beside a vote. */
export const feedbackRoutes =
  ({ findPolls, answerBallot, listAnswers }: FeedbackRoutesOptions): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.put(
      '/polls/:pollId/votes/:voteId/answers',
      {
        config: {
          secretPath: true,
          problems: [
            'VOTES_POLL_NOT_FOUND',
            'VOTES_BALLOT_NOT_FOUND',
            'VOTES_POLL_CLOSED',
            'VOTES_VOTER_KEY_CHANGED',
            'PRECONDITION_FAILED',
            'STORE_UNAVAILABLE',
          ],
        },
        schema: {
          tags,
          operationId: 'answerQuestions',
          summary: 'Answer what a poll asks beside a vote',
          description:
            'Who knows the `voteId` may answer, until the poll closes. Questions that are not named keep their answers, ' +
            'and an empty text takes an answer back. The same answers again change nothing. With `If-Match` only if nobody has ' +
            'changed them since; `If-None-Match: *` for the first ones.',
          params: schemas.VoteParams,
          headers: schemas.PreconditionHeaders,
          body: schemas.NewAnswers,
          response: { 200: schemas.AnswersOfVote },
        },
      },
      async ({ params, headers, body }, reply) => {
        const { pollId } = params;
        const voteId = voteIdIn(params.voteId);
        const precondition = preconditionIn(headers, etagOf, ({ revision }) => revision > 0);
        const answered = await answerBallot.execute(pollId, voteId, body.answers, precondition);
        if (answered.revision > 0) reply.header('etag', etagOf(answered));
        return { voteId, pollId, ...answered };
      },
    );

    app.get(
      '/polls/:pollId/answers',
      {
        config: { key: true, problems: ['VOTES_POLL_NOT_FOUND', 'NOT_IMPLEMENTED', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'listAnswers',
          summary: 'Read what voters said',
          description:
            'Votes beside which something was said, in no order. With `Accept: text/csv` all of them as a table, with a ' +
            'column for each question.',
          params: schemas.PollParams,
          querystring: schemas.PageQuery,
          headers: schemas.TableHeaders,
          response: { 200: schemas.AnswersAnswer },
        },
      },
      async ({ params: { pollId }, query, headers }, reply) => {
        addVary(reply, 'Accept');
        const poll = await findPolls.byId(pollId);
        if (!prefersCsv(headers.accept)) {
          const { items, nextCursor } = await listAnswers.page(poll, pageRequest(query));
          return { answers: [...items], nextCursor };
        }
        const table = await wholeOf(answersCsv(poll, listAnswers.all(poll)), app.maxAnswerBytes);
        return reply.type('text/csv; charset=utf-8').send(table);
      },
    );
  };

const etagOf = ({ revision }: { readonly revision: number }): string => `"${revision}"`;

/** @throws DomainError `INVALID_REQUEST` for what can be no identity of a vote */
function voteIdIn(parameter: string): string {
  const voteId = pathValue('voteId', parameter);
  if (!isIdentity(voteId))
    throw invalidRequest({ path: 'voteId', message: 'must be 1–128 printable ASCII characters' });
  return voteId;
}

/**
 * An answer that is sent while it is made, once its beginning is there, or as a whole where it may not become too large.
 *
 * @throws DomainError `NOT_IMPLEMENTED` for one that is larger
 */
async function wholeOf(parts: AsyncGenerator<string>, maxBytes: number | undefined): Promise<Readable | string> {
  const first = await parts.next();
  const all = async function* () {
    if (!first.done) yield first.value;
    yield* parts;
  };
  if (maxBytes === undefined) return Readable.from(all());
  let text = '';
  let bytes = 0;
  for await (const part of all()) {
    text += part;
    bytes += Buffer.byteLength(part);
    if (bytes > maxBytes)
      throw new DomainError('NOT_IMPLEMENTED', 'This table is too large to be sent from here. Read its pages.');
  }
  return text;
}
