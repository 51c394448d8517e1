import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { HttpAnswer, HttpRequest } from './http.ts';

interface Response {
  /** Of a refusal: the codes that it may have. */
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Operation {
  readonly responses: Readonly<Record<string, Response>>;
}

export interface OpenApiDocument {
  readonly components: object;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** @returns a function that tells in which way a value is not what a schema of the document says; undefined if it is */
export function schemaCheck(document: OpenApiDocument): (schema: object, value: unknown) => string | undefined {
  const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));
  ajv.addFormat('plain-text', true);
  ajv.addSchema({ $id: 'openapi', components: document.components });
  const refers = (schema: object): object =>
    JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"openapi#/components/'));
  return (schema, value) => (ajv.validate(refers(schema), value) ? undefined : ajv.errorsText());
}

/**
 * Compares answers with what the service publishes about itself.
 *
 * @returns a function that tells what an answer has that the document does not say; undefined if it conforms. Answers
 * to paths and methods that the document does not know must be problem details.
 */
export function conformanceTo(
  document: OpenApiDocument,
): (request: HttpRequest, answer: HttpAnswer) => string | undefined {
  const complaintAbout = schemaCheck(document);
  // Of two that match, the one with fewer parameters counts.
  const parametersOf = (template: string): number => template.split('{').length;
  const paths = Object.entries(document.paths)
    .sort(([one], [other]) => parametersOf(one) - parametersOf(other))
    .map(([template, operations]) => ({
      pattern: new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`),
      operations,
    }));

  return ({ method = 'GET', url }, { status, headers, body }) => {
    const path = decoded(url.split('?', 1)[0] as string);
    const { operations } = paths.find(({ pattern }) => pattern.test(path)) ?? {};
    const operation = operations?.[method === 'HEAD' ? 'get' : method.toLowerCase()];
    const type = headers['content-type']?.split(';', 1)[0];
    // A method that a path does not take is not in the document.
    if (!operation || status === 405)
      return type === 'application/problem+json' ? undefined : `${method} ${path} is not in the document`;
    const response = operation.responses[status];
    if (!response) return `${method} ${path} may not answer ${status}`;
    if (!response.content) return body === '' ? undefined : `${status} has no body in the document`;
    const schema = response.content[type ?? '']?.schema;
    if (!schema) return `${status} of ${method} ${path} may not be ${type}`;
    if (method === 'HEAD') return undefined;
    const value = type?.endsWith('json') ? JSON.parse(body) : body;
    if (type === 'application/problem+json' && !response.description.split(', ').includes(value.code))
      return `${method} ${path} may not refuse with ${value.code}`;
    return complaintAbout(schema, value);
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
