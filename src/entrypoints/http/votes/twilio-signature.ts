import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../../loopback.ts';

export interface TwilioSettings {
  /** Any of them may have signed; several during a rotation. */
  readonly authTokens: readonly string[];
  /** Addresses in front of the routes, without a closing slash, spelled as Twilio is told them: it signs the spelling. */
  readonly publicBaseUrls: readonly string[];
  /** Whether this machine may send texts unchecked while there is no token. */
  readonly openWithoutToken: boolean;
}

export interface SmsRequest {
  /** Path of the route, and query as it came in. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: Record<string, unknown>;
}

/** Why a text is refused. All of it may be logged. */
export interface Refusal {
  readonly reason: string;
  readonly signature: 'missing' | 'wrong';
  /** The addresses for which a signature would have been right, without their queries. */
  readonly checked?: readonly string[];
}

/**
 * Checks that Twilio sent a text. What Twilio signs is the public address, so the Host header plays no part.
 *
 * @returns undefined if it did, or if nobody has to have signed it
 */
export async function refusalOf(settings: TwilioSettings, request: SmsRequest): Promise<Refusal | undefined> {
  const { authTokens, publicBaseUrls, openWithoutToken } = settings;
  const signature = request.headers['x-twilio-signature']?.toString();
  const refusal = { signature: signature === undefined ? 'missing' : 'wrong' } as const;
  if (authTokens.length === 0) {
    if (openWithoutToken && isFromThisMachine(request.headers)) return undefined;
    return { ...refusal, reason: 'TWILIO_AUTH_TOKEN is not set' };
  }
  const urls = publicBaseUrls.flatMap((base) => spellings(base, request.url)).filter((url) => URL.canParse(url));
  if (signature !== undefined) {
    // Loaded with the first text message.
    const { default: twilio } = await import('twilio/lib/webhooks/webhooks.js');
    const isRight = (url: string) =>
      authTokens.some((token) => twilio.validateRequest(token, signature, url, request.form));
    if (urls.some(isRight)) return undefined;
  }
  return { ...refusal, reason: 'Twilio did not sign it for any of these addresses', checked: urls.map(forLog) };
}

/**
 * What Twilio may have signed: with and without a closing slash, whatever proxies made of it, and without the name and
 * password of the address. The library itself tries each with and without a port.
 */
function spellings(base: string, url: string): readonly string[] {
  const [, path, query = ''] = /^(.*?)\/?(\?.*)?$/s.exec(url) as unknown as [string, string, string?];
  const bases = new Set([base, base.replace(/^([a-z]+:\/\/)[^/]*@/i, '$1')]);
  return [...bases].flatMap((each) => [`${each}${path}${query}`, `${each}${path}/${query}`]);
}

/** The query and the password of an address may be secrets. */
const forLog = (url: string): string => url.replace(/\?.*$/s, '?...').replace(/^([a-z]+:\/\/)[^/]*@/i, '$1***@');

/** A page of another site can send a form to this machine, but neither hide its origin nor name a host that is not its own. */
const isFromThisMachine = (headers: IncomingHttpHeaders): boolean =>
  isLoopback((headers.host ?? '').replace(/:\d+$/, '')) &&
  !Object.keys(headers).some((name) => /^(origin|forwarded|x-forwarded-.*)$/.test(name));
