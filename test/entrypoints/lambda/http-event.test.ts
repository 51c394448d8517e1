import { describe, expect, it } from '@jest/globals';
import { type HttpEvent, wireRequest } from '../../../src/entrypoints/lambda/http-event.ts';
import { type ClientRequest, eventShapes, httpApi, loadBalancer, restApi } from '../../helpers/lambda/http-events.ts';

const eventOf = (shape: { event(request: ClientRequest): object }, request: ClientRequest): HttpEvent =>
  shape.event(request) as HttpEvent;

describe.each(eventShapes)('a request that comes by $name', (shape) => {
  const wire = (request: Partial<ClientRequest>) =>
    wireRequest(eventOf(shape, { method: 'GET', url: '/', ...request }));

  it.each([
    '/',
    '/polls/colors/results',
    '/polls/caf%C3%A9%20%2541%3F%23',
    '/polls?limit=3&cursor=a%2Bb%20c%3D',
    '/polls?limit=1&limit=2',
    '/polls?empty=&limit=5',
  ])('keeps its path and query: %s', (url) => {
    expect(wire({ url }).path).toBe(url);
  });

  it('keeps its method and the bytes of its body', () => {
    const bytes = Buffer.from([0, 0xff, 0x80]);
    const { httpMethod, body, isBase64Encoded } = wire({ method: 'POST', body: bytes, headers: { 'X-A': '1' } });

    expect(httpMethod).toBe('POST');
    expect(isBase64Encoded).toBe(true);
    expect(Buffer.from(body as string, 'base64')).toEqual(bytes);
  });

  it('keeps its text', () => {
    const request = { method: 'POST', body: '{"a":"ü"}', headers: { 'Content-Type': 'application/json' } };

    expect(wire(request)).toMatchObject({ body: '{"a":"ü"}', isBase64Encoded: false });
  });

  it('has headers in lower case, whoever sent them how', () => {
    expect(wire({ headers: { 'X-Request-Id': 'mine', ACCEPT: '*/*' } }).headers).toMatchObject({
      'x-request-id': 'mine',
      accept: '*/*',
    });
  });

  it('has the copies of a header joined', () => {
    expect(wire({ headers: { Accept: ['a', 'b'] } }).headers.accept?.replaceAll(' ', '')).toBe('a,b');
  });

  it('has no body where none was sent', () => {
    expect(wire({}).body ?? '').toBe('');
  });
});

describe('the other end of the connection', () => {
  const of = (shape: { event(request: ClientRequest): object }, addresses: string, own?: string) => {
    const { requestContext, ...event } = eventOf(shape, {
      method: 'GET',
      url: '/',
      headers: { 'X-Forwarded-For': addresses },
    });
    const told = own ? { ...requestContext, identity: { sourceIp: own } } : requestContext;
    const { headers, requestContext: source } = wireRequest({ ...event, requestContext: told } as HttpEvent);
    return [source.http.sourceIp, headers['x-forwarded-for']];
  };

  it.each([
    ['an HTTP API', httpApi, '203.0.113.7', undefined, undefined],
    ['an HTTP API behind a CDN', httpApi, '198.51.100.9, 203.0.113.7', undefined, '198.51.100.9'],
    ['a REST API, which adds its edge', restApi, '203.0.113.7, 192.0.2.4', '203.0.113.7', undefined],
    ['a load balancer', loadBalancer, '203.0.113.7', undefined, undefined],
    ['a load balancer behind a CDN', loadBalancer, '198.51.100.9, 203.0.113.7', undefined, '198.51.100.9'],
  ] as const)('is who called %s; others were told of by proxies', (_, shape, addresses, own, before) => {
    expect(of(shape, addresses, own)).toEqual(['203.0.113.7', before]);
  });
});

describe('a request', () => {
  it('loses the stage that an HTTP API leaves in its path', () => {
    const event = eventOf(httpApi, { method: 'GET', url: '/live/polls?limit=1' }) as { requestContext: object };
    const live = (path: object) => ({ ...event, ...path, requestContext: { ...event.requestContext, stage: 'live' } });

    expect(wireRequest(live({}) as HttpEvent).path).toBe('/polls?limit=1');
    expect(wireRequest(live({ rawPath: '/live' }) as HttpEvent).path).toBe('/?limit=1');
    expect(wireRequest(live({ rawPath: '/lively' }) as HttpEvent).path).toBe('/lively?limit=1');
  });

  it('has its path decoded by an HTTP API in the old payload format too, and not by a function URL', () => {
    const url = '/polls/a%2541';
    const rest = eventOf(restApi, { method: 'GET', url }) as object;
    const old = { ...rest, version: '1.0', path: '/polls/a%41' } as unknown as HttpEvent;
    const v2 = eventOf(httpApi, { method: 'GET', url }) as { requestContext: object };
    const functionUrl = {
      ...v2,
      rawPath: url,
      requestContext: { ...v2.requestContext, domainName: 'abc.lambda-url.eu-west-1.on.aws' },
    } as unknown as HttpEvent;

    expect(wireRequest(old).path).toBe(url);
    expect(wireRequest(functionUrl).path).toBe(url);
  });

  it('has the cookies that an HTTP API takes out of its headers', () => {
    const event = { ...eventOf(httpApi, { method: 'GET', url: '/' }), cookies: ['a=1', 'b=2'] } as HttpEvent;

    expect(wireRequest(event).headers.cookie).toBe('a=1; b=2');
  });

  it('may come by a load balancer that keeps one value of each header and parameter', () => {
    const { multiValueHeaders, multiValueQueryStringParameters, ...event } = eventOf(loadBalancer, {
      method: 'GET',
      url: '/polls',
    }) as unknown as Record<string, unknown>;
    const single = { ...event, headers: { host: 'a' }, queryStringParameters: { cursor: 'a%2Bb' } };

    expect(wireRequest(single as unknown as HttpEvent)).toMatchObject({
      path: '/polls?cursor=a%2Bb',
      headers: { host: 'a' },
    });
  });

  it('is not in every event', () => {
    expect(() => wireRequest({} as HttpEvent)).toThrow('not an HTTP request');
    expect(() => wireRequest({ Records: [] } as never)).toThrow('not an HTTP request');
  });
});
