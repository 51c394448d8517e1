import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify';
import { DomainError, type FieldIssue, invalidRequest } from '../../domain/shared/domain-error.ts';
import { InvalidToken } from './invalid-token.ts';
import { isFailure, type ProblemTable, problemDetails } from './problems.ts';

/** Refusals that HTTP itself gives rise to, by the name that Fastify has for them. */
const FRAMEWORK_ERRORS: Readonly<Record<string, DomainError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: new DomainError('BODY_TOO_LARGE', 'The body is larger than this route takes.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: new DomainError('UNSUPPORTED_MEDIA_TYPE', 'The content type is not well-formed.'),
  FST_ERR_BAD_URL: invalidRequest({ path: 'path', message: 'is not well-formed' }),
};

/** Answers with a page in place of problem details. */
export type RefusalPage = (
  code: string,
  issues: readonly FieldIssue[],
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<unknown>;

/** A body with very many mistakes is not answered with all of them. */
const MAX_ISSUES = 20;
const MAX_NAME_LENGTH = 64;

/** Translates whatever a route throws into problem details; what it does not know is a 500 and is logged. */
export const errorHandler = (problems: ProblemTable) => {
  // A store that is away fails every request: one line a second says so as well as hundreds.
  const isDue = onceASecond();
  return (error: FastifyError | DomainError | undefined, request: FastifyRequest, reply: FastifyReply): unknown => {
    const known = asDomainError(error);
    const code = known && Object.hasOwn(problems, known.code) ? known.code : 'INTERNAL';
    const problem = problems[code] as ProblemTable[string];
    if (isFailure(problem) && (code !== 'STORE_UNAVAILABLE' || isDue()))
      request.log.error({ err: error, code }, 'request failed');
    if (problem.status === 401)
      reply.header('www-authenticate', known instanceof InvalidToken ? known.challenge : 'Bearer');
    // RFC 9110 §15.5.16: what would have been taken.
    if (problem.status === 415 && request.headers['content-encoding']) reply.header('accept-encoding', 'identity');
    if (known?.retryAfterSeconds !== undefined) reply.header('retry-after', known.retryAfterSeconds);
    reply.code(problem.status);
    const { refusalPage } = request.routeOptions.config;
    if (refusalPage && /\btext\/html\b/i.test(request.headers.accept ?? ''))
      return refusalPage(code, known?.issues ?? [], request, reply);
    reply
      .type('application/problem+json')
      .serializer(JSON.stringify)
      .send(problemDetails(request.server.publicPath, code, problem, known));
  };
};

/** @returns whether the last time that it said so is a second ago */
function onceASecond(): () => boolean {
  let dueAt = 0;
  return () => {
    const now = performance.now();
    if (now < dueAt) return false;
    dueAt = now + 1_000;
    return true;
  };
}

/** @param error undefined where a promise was rejected with nothing */
export function asDomainError(error: FastifyError | DomainError | undefined): DomainError | undefined {
  if (!error || error instanceof DomainError) return error;
  if (error.validation) return invalidRequest(...validationIssues(error));
  if (Object.hasOwn(FRAMEWORK_ERRORS, error.code)) return FRAMEWORK_ERRORS[error.code];
  const isClientError = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500;
  return isClientError ? invalidRequest({ path: 'request', message: error.message }) : undefined;
}

/** With Ajv's option `verbose`, the schema that was broken comes along. */
type Violation = FastifySchemaValidationError & { readonly parentSchema?: { readonly description?: string } };

function validationIssues({ validation = [], validationContext }: FastifyError): FieldIssue[] {
  const issues = validation.slice(0, MAX_ISSUES).map((error: Violation): FieldIssue => {
    const { instancePath, keyword, params, message = 'is not valid', parentSchema } = error;
    const at = instancePath
      .replace(/\/(\d+)(?=\/|$)/g, '[$1]')
      .replace(/^\//, '')
      .replaceAll('/', '.');
    const child = (name: unknown): string => (at ? `${at}.` : '') + String(name).slice(0, MAX_NAME_LENGTH);
    if (keyword === 'additionalProperties')
      return { path: child(params.additionalProperty), message: 'is not known here' };
    if (keyword === 'required') return { path: child(params.missingProperty), message: 'is required' };
    if (keyword === 'enum')
      return { path: at || (validationContext ?? 'body'), message: `must be one of: ${list(params.allowedValues)}` };
    const isUnreadable = keyword === 'pattern' || keyword === 'format';
    const advice = isUnreadable && parentSchema?.description ? `must be ${parentSchema.description}` : message;
    return { path: at || (validationContext ?? 'body'), message: advice };
  });
  return [...new Map(issues.map((issue) => [`${issue.path} ${issue.message}`, issue])).values()];
}

const list = (values: unknown): string => (values as readonly unknown[]).join(', ');
