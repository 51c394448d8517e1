import type { FastifyInstance, FastifyRequest } from 'fastify';
import { findLossyNumber, isTooDeep, MAX_DEPTH } from '../../adapters/common/exact-json.ts';
import { DomainError, invalidRequest } from '../../domain/shared/domain-error.ts';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

const typeOf = (header = ''): string => (header.split(';', 1)[0] as string).trim().toLowerCase();

/**
 * What a request may bring: a form if the route's config says so, JSON if it has a body schema, else nothing. Where the
 * body may be left out, what does not call itself JSON has to be empty.
 */
function accepts({ routeOptions: { config, schema }, headers }: FastifyRequest) {
  if (config.form) return FORM;
  if (!schema?.body || (config.optionalBody && typeOf(headers['content-type']) !== JSON_TYPE)) return undefined;
  return JSON_TYPE;
}

/**
 * Refuses a content type that the route does not take, before anything of the body is read.
 *
 * @throws DomainError `UNSUPPORTED_MEDIA_TYPE`
 */
export function checkContentType(request: FastifyRequest): void {
  const { headers } = request;
  const accepted = accepts(request);
  if (!accepted) {
    // A route without a body does not care for its type, but Fastify would refuse one that is malformed.
    delete headers['content-type'];
    return;
  }
  const given = headers['content-type'];
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (!hasBody && (given === undefined || request.routeOptions.config.optionalBody)) return;
  if (!['', 'identity'].includes((headers['content-encoding'] ?? '').trim().toLowerCase()))
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as it is, without a Content-Encoding.');
  const type = typeOf(given);
  const [, ...parameters] = (given ?? '').split(';').map((part) => part.trim().toLowerCase());
  const isUtf8 = parameters.every((part) => !part.startsWith('charset') || /^charset="?utf-?8"?$/.test(part));
  if (type !== accepted || !isUtf8)
    throw new DomainError(
      'UNSUPPORTED_MEDIA_TYPE',
      `Send the body as ${accepted}${type === accepted ? ' in UTF-8' : ''}.`,
    );
}

/** Parses every body of the service: strict UTF-8, JSON or a form as the route takes it. */
export function parseBodies(app: FastifyInstance): void {
  // Fastify does not look at the body of a GET. One that is not empty would pass unseen.
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true });
  // What is left out is as if it were empty.
  app.addHook('preValidation', async (request) => {
    if (request.routeOptions.config.optionalBody && request.body === undefined) request.body = {};
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    const text = decodeUtf8(body);
    switch (accepts(request)) {
      case FORM:
        return parseForm(text);
      case JSON_TYPE:
        return request.routeOptions.config.optionalBody && text.trim() === '' ? undefined : parseJson(text);
      case undefined:
        return parseNothing(text);
    }
  });
}

const malformed = (message: string): DomainError => invalidRequest({ path: 'body', message });

function decodeUtf8(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw malformed('is not well-formed UTF-8');
  }
}

/** @returns the fields; a repeated one is a list */
function parseForm(text: string): Record<string, unknown> {
  try {
    // The parser below takes malformed escapes as they are.
    decodeURIComponent(text);
  } catch {
    throw malformed('is not a well-formed form in UTF-8');
  }
  const fields = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const values = fields.get(name);
    if (values) values.push(value);
    else fields.set(name, [value]);
  }
  return Object.fromEntries([...fields].map(([name, values]) => [name, values.length > 1 ? values : values[0]]));
}

function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('is not well-formed JSON');
  }
  if (isTooDeep(value)) throw malformed(`is nested more than ${MAX_DEPTH} levels deep`);
  const complaint = complaintAbout(value);
  if (complaint) throw malformed(complaint);
  const changed = findLossyNumber(text);
  if (changed)
    throw invalidRequest({
      path: changed.path || 'body',
      message: 'is a number that cannot be kept as it is written; send it as text',
    });
  return value;
}

function parseNothing(text: string): undefined {
  if (!['', '{}'].includes(text.replace(/\s+/g, '')))
    throw malformed('must be empty or {}, since this route takes none');
}

/** What `JSON.parse` lets through although it would not come back as it was sent, or is an attack. */
function complaintAbout(value: unknown): string | undefined {
  if (typeof value === 'string') return isWellFormed(value) ? undefined : 'contains half of a surrogate pair';
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const complaint =
      key === '__proto__' ? 'contains the key __proto__' : (complaintAbout(key) ?? complaintAbout(member));
    if (complaint) return complaint;
  }
  return undefined;
}

const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);
