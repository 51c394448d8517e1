import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, type FieldIssue, invalidRequest } from '../../domain/shared/domain-error.ts';
import { type ProblemTable, sendProblem } from './problems.ts';

/** Refusals that HTTP itself gives rise to, by the name that Fastify has for them. */
const FRAMEWORK_CODES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_MAX_PARAM_LENGTH: 'NOT_FOUND',
};

/** A body with very many mistakes is not answered with all of them. */
const MAX_ISSUES = 20;
const MAX_NAME_LENGTH = 64;

/** Translates whatever a route throws into problem details; what it does not know is a 500 and is logged. */
export const errorHandler =
  (table: ProblemTable) =>
  (error: FastifyError | DomainError, request: FastifyRequest, reply: FastifyReply): void => {
    const known = asDomainError(error);
    const code = known && Object.hasOwn(table, known.code) ? known.code : 'INTERNAL';
    const problem = table[code] as ProblemTable[string];
    if (problem.status >= 500) request.log.error({ err: error, code }, 'request failed');
    sendProblem(reply, code, problem, {
      ...(known ? { detail: known.message, errors: known.issues } : {}),
      retryAfterSeconds: known?.retryAfterSeconds,
    });
  };

function asDomainError(error: FastifyError | DomainError): DomainError | undefined {
  if (error instanceof DomainError) return error;
  if (error.validation) return invalidRequest(...validationIssues(error));
  const code = FRAMEWORK_CODES[error.code];
  if (code) return new DomainError(code, error.message);
  const isClientError = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500;
  return isClientError ? invalidRequest({ path: 'request', message: error.message }) : undefined;
}

function validationIssues({ validation = [], validationContext }: FastifyError): FieldIssue[] {
  const issues = validation.slice(0, MAX_ISSUES).map(({ instancePath, keyword, params, message }): FieldIssue => {
    const at = instancePath
      .replace(/\/(\d+)(?=\/|$)/g, '[$1]')
      .replace(/^\//, '')
      .replaceAll('/', '.');
    const child = (name: unknown): string => (at ? `${at}.` : '') + String(name).slice(0, MAX_NAME_LENGTH);
    if (keyword === 'additionalProperties')
      return { path: child(params.additionalProperty), message: 'is not known here' };
    if (keyword === 'required') return { path: child(params.missingProperty), message: 'is required' };
    return { path: at || (validationContext ?? 'body'), message: message ?? 'is not valid' };
  });
  return [...new Map(issues.map((issue) => [`${issue.path} ${issue.message}`, issue])).values()];
}
