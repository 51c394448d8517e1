import awsLambdaFastify, { type LambdaFastifyOptions, type LambdaResponse } from '@fastify/aws-lambda';
import type { FastifyInstance } from 'fastify';
import { lazily } from '../../adapters/common/lazily.ts';
import { URL_HEADER } from '../http/app.ts';
import { withoutBasePath } from '../http/base-path.ts';
import { type HttpEvent, type WireRequest, wantsMultiValueHeaders, wireRequest } from './http-event.ts';

export interface AnswerOptions {
  readonly api: FastifyInstance;
  /** Called with the first request for a page: builds the same API with the pages. */
  readonly withPages: () => Promise<FastifyInstance>;
  /** Paths of the public addresses, which a custom domain leaves in front of the routes'. */
  readonly basePaths: readonly string[];
}

/** The dashboard, the docs and their files: no path of the API has a dot in it. */
const PAGE = /^\/($|\?|docs(\/|$|\?)|[^?]*\.)/;
const TEXT = /^(text\/|application\/([\w.-]+\+)?(json|javascript|x-yaml)|image\/svg\+xml)/;

const OPTIONS: LambdaFastifyOptions = {
  decorateRequest: false,
  retainStage: true,
  enforceBase64: ({ headers }) =>
    headers['content-encoding'] !== undefined || !TEXT.test(String(headers['content-type'] ?? 'text/')),
};

/**
 * Lets the routes of an app answer the events of API Gateway and of load balancers. A request that brings no id of its own has
 * that of its invocation, under which gateway and Lambda log it.
 */
export function answerEvents({
  api,
  withPages,
  basePaths,
}: AnswerOptions): (event: HttpEvent, id?: string) => Promise<LambdaResponse> {
  const apiProxy = proxy(api);
  const pagesProxy = lazily(async () => proxy(await withPages()));
  return async (event, id) => {
    const sent = wireRequest(event);
    const request = id === undefined ? sent : { ...sent, headers: { 'x-request-id': id, ...sent.headers } };
    const path = withoutBasePath(request.path, basePaths, () => false);
    const answer = PAGE.test(path) ? await pagesProxy() : apiProxy;
    return answer(event, request);
  };
}

function proxy(app: FastifyInstance) {
  const answer = awsLambdaFastify(app, { ...OPTIONS });
  const answerInLists = awsLambdaFastify(app, { ...OPTIONS, albMultiValueHeaders: true });
  return (event: HttpEvent, { path, ...request }: WireRequest): Promise<LambdaResponse> => {
    const { version } = event as { version?: string };
    // `URL` would normalise the path as a browser does: other routes would match, and Twilio's signature would not.
    const headers = { ...request.headers, [URL_HEADER]: path };
    return (wantsMultiValueHeaders(event) ? answerInLists : answer)({ ...request, headers, version }, {} as never);
  };
}
