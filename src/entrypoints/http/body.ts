import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError, invalidRequest } from '../../domain/shared/domain-error.ts';

/** Deeper bodies are refused: nothing that is meant as data is nested like that. */
const MAX_DEPTH = 200;

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

type Accepts = typeof FORM | typeof JSON_TYPE | undefined;

/** What a route takes: a form if its config says so, JSON if it has a body schema, else nothing. */
const accepts = ({ routeOptions: { config, schema } }: FastifyRequest): Accepts =>
  config.form ? FORM : schema?.body ? JSON_TYPE : undefined;

/**
 * Refuses a content type that the route does not take, before anything of the body is read.
 *
 * @throws DomainError `UNSUPPORTED_MEDIA_TYPE`
 */
export function checkContentType(request: FastifyRequest): void {
  const accepted = accepts(request);
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  const given = request.headers['content-type'];
  if (!accepted || (given === undefined && !hasBody)) return;
  const [type, ...parameters] = (given ?? '').split(';').map((part) => part.trim().toLowerCase());
  const isUtf8 = parameters.every((part) => !part.startsWith('charset=') || /^charset="?utf-8"?$/.test(part));
  if (type !== accepted || !isUtf8)
    throw new DomainError(
      'UNSUPPORTED_MEDIA_TYPE',
      `Send the body as ${accepted}${type === accepted ? ' in UTF-8' : ''}.`,
    );
}

/** Parses every body of the service: strict UTF-8, JSON or a form as the route takes it. */
export function parseBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'ignore');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, buffer, done) => {
    const accepted = accepts(request);
    try {
      const text = decodeUtf8(buffer as Buffer);
      if (accepted === FORM) done(null, parseForm(text));
      else if (text === '' && !accepted) done(null, undefined);
      else
        void parseJson(request, text, (error, value) => {
          if (error) return done(malformed('is not well-formed JSON'), undefined);
          const complaint = accepted ? complaintAbout(value) : complaintAboutNothing(value);
          done(complaint ? malformed(complaint) : null, value);
        });
    } catch (error) {
      done(error as Error, undefined);
    }
  });
}

const malformed = (message: string): DomainError => invalidRequest({ path: 'body', message });

function decodeUtf8(buffer: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(buffer);
  } catch {
    throw malformed('is not well-formed UTF-8');
  }
}

/** @returns the fields, in a plain record; a repeated field is a list */
function parseForm(text: string): Record<string, string | string[]> {
  const decode = (part: string): string => decodeURIComponent(part.replaceAll('+', ' '));
  const fields = new Map<string, string[]>();
  try {
    for (const pair of text.split('&').filter(Boolean)) {
      const [name = '', ...value] = pair.split('=');
      const key = decode(name);
      fields.set(key, [...(fields.get(key) ?? []), decode(value.join('='))]);
    }
  } catch {
    throw malformed('is not a well-formed form in UTF-8');
  }
  return Object.fromEntries(
    [...fields].map(([name, values]) => [name, values.length > 1 ? values : (values[0] ?? '')]),
  );
}

const complaintAboutNothing = (value: unknown): string | undefined =>
  JSON.stringify(value) === '{}' ? undefined : 'must be empty or {}, since this route takes none';

/** Strings that UTF-8 cannot carry would come back changed, and bottomless nesting is an attack. */
function complaintAbout(body: unknown): string | undefined {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return `is nested more than ${MAX_DEPTH} levels deep`;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string' && !isWellFormed(value)) return 'contains half of a surrogate pair';
      if (typeof value === 'object' && value !== null) {
        if (!Object.keys(value).every(isWellFormed)) return 'contains half of a surrogate pair';
        next.push(...Object.values(value));
      }
    }
    level = next;
  }
  return undefined;
}

const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);
