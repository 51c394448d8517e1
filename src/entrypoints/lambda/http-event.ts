import type { ALBEvent, APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';

/** What an HTTP API (with either payload format), a REST API, a function URL or a load balancer sends. */
export type HttpEvent = APIGatewayProxyEventV2 | APIGatewayProxyEvent | ALBEvent;

/** A request as the client sent it. */
export interface WireRequest {
  readonly httpMethod: string;
  /** Path and query, percent-encoded. */
  readonly path: string;
  /** By lower-case name; copies of one header are joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly isBase64Encoded: boolean;
  /** The other end of the connection to what sent the event. */
  readonly requestContext: { readonly http: { readonly sourceIp: string | undefined } };
}

/**
 * Reads the request out of an event. What arrives there as the client sent it, and what has to be encoded again:
 *
 *                                path      query
 *     HTTP API, payload 2.0      decoded   as sent
 *     HTTP API, payload 1.0      decoded   decoded
 *     REST API                   as sent   decoded
 *     function URL               as sent   as sent
 *     load balancer              as sent   as sent
 *
 * @throws Error for an event that is not an HTTP request
 */
export function wireRequest(event: HttpEvent): WireRequest {
  const { method, path, query } = isV2(event) ? lineOfV2(event) : lineOfV1(event);
  if (!method || !path) throw new Error('The event is not an HTTP request');
  return {
    httpMethod: method,
    path: path + (query ? `?${query}` : ''),
    ...sourceOf(event, headersOf(event)),
    body: event.body ?? undefined,
    isBase64Encoded: event.isBase64Encoded,
  };
}

/** The id that API Gateway writes into its own log; a load balancer gives none. */
export const gatewayRequestIdOf = ({ requestContext }: HttpEvent): string | undefined =>
  (requestContext as { readonly requestId?: string } | undefined)?.requestId;

/** A load balancer that asks in this form wants its answer so too. */
export const wantsMultiValueHeaders = (event: HttpEvent): boolean =>
  isFromLoadBalancer(event) && event.multiValueHeaders !== undefined;

const isV2 = (event: HttpEvent): event is APIGatewayProxyEventV2 => 'version' in event && event.version === '2.0';
const isFromLoadBalancer = (event: HttpEvent): event is ALBEvent =>
  event.requestContext !== undefined && 'elb' in event.requestContext;

function lineOfV2({ rawPath, rawQueryString, requestContext }: APIGatewayProxyEventV2) {
  const { http, stage, domainName } = requestContext;
  const isFunctionUrl = domainName.includes('.lambda-url.');
  const path = isFunctionUrl ? rawPath : encodePath(withoutStage(rawPath, stage));
  return { method: http.method, path, query: rawQueryString };
}

function lineOfV1(event: APIGatewayProxyEvent | ALBEvent) {
  const { httpMethod, path, multiValueQueryStringParameters, queryStringParameters } = event;
  const encode = isFromLoadBalancer(event) ? String : encodeURIComponent;
  const query = Object.entries(multiValueQueryStringParameters ?? queryStringParameters ?? {})
    .flatMap(([name, values = '']) => [values].flat().map((value) => `${encode(name)}=${encode(value)}`))
    .join('&');
  const isHttpApi = 'version' in event && !isFromLoadBalancer(event);
  return {
    method: httpMethod,
    path: isHttpApi ? encodePath(withoutStage(path, event.requestContext.stage)) : path,
    query,
  };
}

/**
 * Who called what sent the event: that stands for the other end of the connection. Gateways and load balancers have added
 * it to `X-Forwarded-For` as well, as proxies do, and a REST API has added its own edge behind it.
 */
function sourceOf(event: HttpEvent, { 'x-forwarded-for': forwardedFor, ...headers }: Record<string, string>) {
  const addresses = forwardedFor?.split(/ *, */) ?? [];
  const sourceIp = sourceIpIn(event) ?? addresses.at(-1);
  const added = addresses.lastIndexOf(sourceIp ?? '');
  const before = added < 0 ? addresses : addresses.slice(0, added);
  return {
    headers: before.length > 0 ? { ...headers, 'x-forwarded-for': before.join(', ') } : headers,
    requestContext: { http: { sourceIp } },
  };
}

function sourceIpIn(event: HttpEvent): string | undefined {
  if (isV2(event)) return event.requestContext.http.sourceIp;
  return isFromLoadBalancer(event) ? undefined : event.requestContext?.identity?.sourceIp;
}

const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

const withoutStage = (path: string, stage: string): string =>
  `${path}/`.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) || '/' : path;

function headersOf(event: HttpEvent): Record<string, string> {
  const multiValue = 'multiValueHeaders' in event ? event.multiValueHeaders : undefined;
  const headers = Object.entries(multiValue ?? event.headers ?? {}).map(([name, values = '']) => {
    const lowerCase = name.toLowerCase();
    return [lowerCase, [values].flat().join(lowerCase === 'cookie' ? '; ' : ', ')] as const;
  });
  const cookies = 'cookies' in event ? (event.cookies ?? []) : [];
  return Object.fromEntries(cookies.length > 0 ? [...headers, ['cookie', cookies.join('; ')]] : headers);
}
