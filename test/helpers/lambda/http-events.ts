import type { ALBEvent, APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';
import { encode, type HttpAnswer, type Send, textOf } from '../http.ts';
import type { FunctionProcess } from './function-process.ts';

/** A request as a client sends it. */
export interface ClientRequest {
  readonly method: string;
  /** Path and query, percent-encoded. */
  readonly url: string;
  /** A list stands for copies of a header. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

interface LambdaAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly isBase64Encoded?: boolean;
}

/** How one kind of front calls a function: what becomes of a request on the way in, and of the answer on the way out. */
export interface EventShape {
  readonly name: 'HTTP API (2.0)' | 'REST API (1.0)' | 'load balancer';
  event(request: ClientRequest): object;
  answer(result: LambdaAnswer): HttpAnswer;
}

/** Everything else travels in base64: forms too, which a REST API alone takes for text. */
const TEXT_TYPES = /^(application\/(json|javascript|xml)|text\/)/;
const TEXT_TYPES_OF_REST = /^(application\/(json|x-www-form-urlencoded)|text\/)/;

const split = (url: string): { path: string; query: string } => {
  const at = url.indexOf('?');
  return at < 0 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) };
};

const pairs = (query: string): [name: string, value: string][] =>
  query
    .split('&')
    .filter(Boolean)
    .map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name, value.join('=')];
    });

const grouped = (all: readonly (readonly [string, string])[]): Record<string, string[]> => {
  const groups = new Map<string, string[]>();
  for (const [name, value] of all) groups.set(name, [...(groups.get(name) ?? []), value]);
  return Object.fromEntries(groups);
};

const lasts = (groups: Record<string, string[]>): Record<string, string> =>
  Object.fromEntries(Object.entries(groups).map(([name, values]) => [name, values.at(-1) as string]));

function headersOf({ headers = {}, body }: ClientRequest): Record<string, string[]> {
  const given = Object.entries(headers).map(([name, values]) => [name, [values].flat() as string[]] as const);
  const all = { Host: ['api.example.com'], ...Object.fromEntries(given) };
  const has = (name: string) => Object.keys(all).some((given) => given.toLowerCase() === name);
  return {
    ...all,
    ...(body === undefined || has('content-length') ? {} : { 'Content-Length': [String(Buffer.byteLength(body))] }),
  };
}

function bodyOf(
  { headers = {}, body }: ClientRequest,
  textTypes = TEXT_TYPES,
): { body: string | null; isBase64Encoded: boolean } {
  if (body === undefined) return { body: null, isBase64Encoded: false };
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  const isText = textTypes.test(String(type ?? ''));
  return isText
    ? { body: body.toString(), isBase64Encoded: false }
    : { body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
}

/** What cannot be decoded stays as it is. */
const decoded = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });

const bodyIn = ({ body, isBase64Encoded }: LambdaAnswer): string =>
  textOf(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));

const answerWithHeaders = (result: LambdaAnswer): HttpAnswer => ({
  status: result.statusCode,
  headers: Object.fromEntries(Object.entries(result.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
  body: bodyIn(result),
});

/** An HTTP API with payload format 2.0: decodes the path, joins copies of headers, takes cookies out of them. */
export const httpApi: EventShape = {
  name: 'HTTP API (2.0)',
  event: (request) => {
    const { path, query } = split(request.url);
    const headers = Object.entries(headersOf(request)).map(([name, values]) => [name.toLowerCase(), values] as const);
    const cookies = headers.filter(([name]) => name === 'cookie').flatMap(([, values]) => values);
    const rawPath = decoded(path);
    return {
      version: '2.0',
      routeKey: '$default',
      rawPath,
      rawQueryString: query,
      headers: Object.fromEntries(
        headers.filter(([name]) => name !== 'cookie').map(([name, values]) => [name, values.join(',')]),
      ),
      ...(cookies.length > 0 ? { cookies: cookies.flatMap((value) => value.split('; ')) } : {}),
      requestContext: {
        domainName: 'abc123.execute-api.eu-west-1.amazonaws.com',
        http: { method: request.method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '203.0.113.7', userAgent: '' },
        requestId: 'JKJaXmPLvHcESHA=',
        stage: '$default',
      },
      ...bodyOf(request),
    } as unknown as APIGatewayProxyEventV2;
  },
  answer: answerWithHeaders,
};

/** A REST API: leaves the path as it is, decodes the query, keeps copies of headers and parameters apart. */
export const restApi: EventShape = {
  name: 'REST API (1.0)',
  event: (request) => {
    const { path, query } = split(request.url);
    const headers = headersOf(request);
    const parameters = grouped(pairs(query).map(([name, value]) => [decoded(name), decoded(value)]));
    return {
      resource: '/{proxy+}',
      path,
      httpMethod: request.method,
      headers: lasts(headers),
      multiValueHeaders: headers,
      queryStringParameters: query ? lasts(parameters) : null,
      multiValueQueryStringParameters: query ? parameters : null,
      requestContext: {
        resourcePath: '/{proxy+}',
        path: `/live${path}`,
        stage: 'live',
        requestId: '8d4d4b8a-7e4e-4d4e-9d4e-4d4e4d4e4d4e',
      },
      ...bodyOf(request, TEXT_TYPES_OF_REST),
    } as unknown as APIGatewayProxyEvent;
  },
  answer: answerWithHeaders,
};

/** A load balancer with multi-value headers: leaves everything encoded as it is. */
export const loadBalancer: EventShape = {
  name: 'load balancer',
  event: (request) => {
    const { path, query } = split(request.url);
    return {
      requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/portside/1' } },
      httpMethod: request.method,
      path,
      multiValueQueryStringParameters: grouped(pairs(query)),
      multiValueHeaders: Object.fromEntries(
        Object.entries(headersOf(request)).map(([name, values]) => [name.toLowerCase(), values]),
      ),
      ...bodyOf(request),
      body: bodyOf(request).body ?? '',
    } as unknown as ALBEvent;
  },
  answer: (result) => ({
    status: result.statusCode,
    headers: Object.fromEntries(
      Object.entries(result.multiValueHeaders ?? {}).map(([name, values]) => [name.toLowerCase(), values.join(', ')]),
    ),
    body: bodyIn(result),
  }),
};

export const eventShapes: readonly EventShape[] = [httpApi, restApi, loadBalancer];

/** Asks a function as one kind of front does. */
export const invoking =
  (api: FunctionProcess, shape: EventShape): Send =>
  async (request) =>
    shape.answer(await api.invoke(shape.event(encode(request))));
