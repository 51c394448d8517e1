import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import * as Type from 'typebox';
import { type DocumentedSchema, exampleOf } from './examples.ts';
import { type ProblemTable, problemDetails } from './problems.ts';
import { DOCUMENTED, ProblemBody } from './schemas.ts';
import { VERSION } from './version.ts';

/** Serves `GET /openapi.json`, grown out of the routes' schemas. */
export async function publishOpenApi(app: FastifyInstance, problems: ProblemTable): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Portside',
        description:
          'Votes, tasks and stock values. Every error is RFC 9457 problem details. Answers may get new fields, and new codes of ' +
          'errors may come: ignore what you do not know. Before anything goes away, its answers carry the headers ' +
          '`Deprecation` and `Sunset`.',
        version: VERSION,
        contact: { name: 'The Portside authors' },
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: app.publicPath || '/', description: 'This service' }],
      tags: [
        { name: 'votes', description: 'Polls, votes by web and SMS, and results that can be checked' },
        { name: 'tasks', description: 'Queues, and tasks that are worked on by runners or by workers of your own' },
        { name: 'stocks', description: 'Stocks, and what they are worth in other currencies' },
        { name: 'access', description: 'Who may do what: policies of keys, groups and people' },
        { name: 'limits', description: 'Rates and quotas that other services ask before they do something' },
        {
          name: 'flags',
          description: 'Feature flags, evaluated for users by rules and shares, with every change kept',
        },
        { name: 'system', description: 'Health, figures, errors and this document' },
      ],
      components: {
        schemas: { Problem: ProblemBody },
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        },
      },
    },
    transform: ({ schema, url, route }) => ({ url, schema: documented(schema, route, problems) }),
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      const { paths = {}, components } = document.openapiObject;
      for (const path of Object.values(paths))
        for (const operation of Object.values(path ?? {}) as OperationObject[]) {
          if (operation[OPTIONAL_BODY] && operation.requestBody) operation.requestBody.required = false;
          delete operation[OPTIONAL_BODY];
          addExamples(operation);
        }
      shareTitled(paths, (components?.schemas ?? {}) as Record<string, Schema>);
      if (components) components.examples = problemExamples(app.publicPath, problems, JSON.stringify(paths));
      return document.openapiObject;
    },
  });
  app.get(
    '/openapi.json',
    {
      schema: {
        tags: ['system'],
        operationId: 'getOpenApi',
        summary: 'This document',
        description: 'It grows out of the routes, so that it says what this version of the service does.',
        response: {
          200: Type.Object(
            {},
            {
              additionalProperties: true,
              description: 'An OpenAPI 3.1 document',
              examples: [{ openapi: '3.1.0', info: { title: 'Portside', version: VERSION }, paths: {} }],
            },
          ),
        },
      },
    },
    async () => app.swagger(),
  );
}

type Schema = Record<string, unknown>;

/**
 * Puts every schema that has a title among the components under that name, and a reference in its place, so that
 * generated clients have one type for what is one thing.
 *
 * @throws Error when two schemas of one title differ in more than their description
 */
function shareTitled(node: object, shared: Record<string, Schema>): void {
  for (const [key, value] of Object.entries(node)) {
    if (typeof value !== 'object' || value === null) continue;
    shareTitled(value, shared);
    const { title, description, headers, examples, ...schema } = value as Schema;
    if (typeof title !== 'string' || (schema.type !== 'object' && schema.type !== 'string')) continue;
    const { description: _, examples: __, ...known } = shared[title] ?? schema;
    if (JSON.stringify(known) !== JSON.stringify(schema)) throw new Error(`Two schemas are called ${title}`);
    // Where a schema has been taken apart into a parameter or a body, these two stand beside it.
    const { description: words = description, examples: shown = examples } = shared[title] ?? {};
    shared[title] = { ...schema, description: words, examples: shown };
    (node as Schema)[key] = { $ref: `#/components/schemas/${title}` };
  }
}

/** Marks operations on the way into the document, for which every body that has a schema is required. */
const OPTIONAL_BODY = 'x-optional-body';
type Media = { schema?: DocumentedSchema; example?: unknown; examples?: object };
type OperationObject = {
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> }>;
  [OPTIONAL_BODY]?: boolean;
};

/** Shows what every body may look like that has no example yet. */
function addExamples({ requestBody, responses }: OperationObject): void {
  for (const { content = {} } of [...(requestBody ? [requestBody] : []), ...Object.values(responses)])
    for (const media of Object.values(content))
      if (media.schema && !media.examples) media.example ??= exampleOf(media.schema);
}

const problemExample = (code: string): string => `#/components/examples/${code}`;

/** A refusal for each code that the paths refer to. */
const problemExamples = (publicPath: string, problems: ProblemTable, paths: string) =>
  Object.fromEntries(
    Object.entries(problems)
      .filter(([code]) => paths.includes(`"${problemExample(code)}"`))
      .map(([code, problem]) => [code, { summary: problem.title, value: problemDetails(publicPath, code, problem) }]),
  );

/** Puts into a schema what the document says of a value beside what a validator is told. */
function withDocumented<Node>(node: Node): Node {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map(withDocumented) as Node;
  const { [DOCUMENTED]: documented, ...rest } = node as Schema;
  const parts = Object.entries(rest).map(([name, part]) => [name, withDocumented(part)]);
  return { ...Object.fromEntries(parts), ...(documented as object | undefined) };
}

/** Completes a route's schema by the key that it needs and every refusal that it may answer with. */
function documented(schema: FastifySchema, { config }: RouteOptions, problems: ProblemTable): FastifySchema {
  const { key, ownKey, openToCallers } = config ?? {};
  const isJudged = key === true && !ownKey && !openToCallers;
  const takesTokens = key !== undefined && !ownKey && 'ACCESS_ISSUER_UNAVAILABLE' in problems;
  const all = [
    'INVALID_REQUEST',
    ...(key === true ? ['UNAUTHORIZED'] : []),
    ...(isJudged ? ['FORBIDDEN', 'STORE_UNAVAILABLE'] : []),
    ...(takesTokens ? ['ACCESS_ISSUER_UNAVAILABLE'] : []),
    ...(schema.body ? ['UNSUPPORTED_MEDIA_TYPE'] : []),
    'BODY_TOO_LARGE',
    ...(config?.neverLimited || config?.takesTexts ? [] : ['TOO_MANY_REQUESTS']),
    ...(config?.problems ?? []),
    'INTERNAL',
  ];
  const codes = [...new Set(all)];
  const statuses = new Set(codes.map((code) => problems[code]?.status as number));
  const refusals = [...statuses].map((status) => {
    const ofStatus = codes.filter((code) => problems[code]?.status === status);
    const examples = Object.fromEntries(ofStatus.map((code) => [code, { $ref: problemExample(code) }]));
    return [
      status,
      {
        description: ofStatus.join(', '),
        headers: refusalHeaders[status],
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' }, examples } },
      },
    ];
  });
  return {
    ...withDocumented(schema),
    ...(config?.optionalBody ? { [OPTIONAL_BODY]: true } : {}),
    security: config?.key ? [...(config.key === 'optional' ? [{}] : []), { bearer: [] }, { apiKey: [] }] : [],
    response: { ...Object.fromEntries(refusals), ...(schema.response as object) },
  };
}

const refusalHeaders: Readonly<Record<number, object>> = {
  401: { 'www-authenticate': Type.String({ description: '`Bearer`' }) },
  429: {
    'retry-after': Type.Integer({ description: 'Seconds to wait before trying again' }),
    ratelimit: Type.String({ description: 'What is left, as draft-ietf-httpapi-ratelimit-headers says' }),
    'ratelimit-policy': Type.String({ description: 'What is limited, in the same way' }),
  },
  503: { 'retry-after': Type.Integer({ description: 'Seconds after which a repeat may succeed' }) },
};
