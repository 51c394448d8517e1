import { ID_PATTERN } from '../../domain/shared/id-pattern.ts';
import type { TokenIssuer } from '../../ports/tokens.ts';
import { isLoopback } from '../loopback.ts';
import { matching, type Settings } from './settings.ts';

const MAX_AUDIENCE_LENGTH = 256;

/** Settings of bearer tokens. */
export const tokenSettings = {
  TOKEN_ISSUERS: {
    meaning:
      'Issuers whose bearer tokens (JWT) are taken beside keys, `[<name>@]<issuer URL>=<audience>`, with commas between. The ' +
      'address is the claim `iss` to the letter, `http://` only on this machine; `aud` must hold the audience, or without ' +
      '`aud` `client_id` must be it; an issuer may stand there once for each of several audiences. Subjects of an issuer with a name are `group:<name>/…` and `sub:<name>/…`; one issuer may ' +
      'go without. What a token may do is a policy.',
    parse: parseTokenIssuers,
  },
  TOKEN_GROUPS_CLAIM: {
    meaning:
      'Claim of a token that holds the groups of its subject: a list of names, or one text with spaces between them.',
    fallback: 'cognito:groups',
    parse: matching(/^[\x21-\x7e]{1,128}$/, 'must be the name of a claim: 1 to 128 visible ASCII characters'),
  },
} satisfies Settings;

/**
 * Reads `[<name>@]<issuer URL>=<audience>,…`. The first `=` ends the address, so that an audience may hold more of them.
 *
 * @throws Error that lists every problem of every item
 */
export function parseTokenIssuers(text: string): readonly TokenIssuer[] {
  const items = text.split(',').map((item) => readItem(item.trim()));
  const issuers = items.map(({ issuer }) => issuer);
  const place = (index: number): string => (items.length === 1 ? '' : `item ${index + 1}: `);
  const problems = items.flatMap((item, index) =>
    [...item.problems, ...repeats(issuers, index)].map((problem) => place(index) + problem),
  );
  if (problems.length > 0)
    throw new Error(`must be [<name>@]<issuer URL>=<audience>, with commas between; ${problems.join('; ')}`);
  return issuers;
}

function readItem(item: string): { readonly issuer: TokenIssuer; readonly problems: readonly string[] } {
  const [, name, address = '', audience = ''] = /^(?:([^@]*)@(?=https?:\/\/))?([^=]*)(?:=(.*))?$/s.exec(item) ?? [];
  return {
    issuer: { ...(name === undefined ? {} : { name }), url: address, audience },
    problems: [
      ...(name === undefined || ID_PATTERN.test(name)
        ? []
        : ['the name may have 64 letters, digits, _ and -, and begins with a letter or a digit']),
      ...addressProblems(address),
      ...(/^[\x21-\x7e]+$/.test(audience) && audience.length <= MAX_AUDIENCE_LENGTH
        ? []
        : [`after = comes the audience, 1 to ${MAX_AUDIENCE_LENGTH} visible ASCII characters`]),
    ],
  };
}

/** The address is kept as it is spelled: the claim `iss` of a token must be the same, closing slash included. */
function addressProblems(address: string): string[] {
  if (!/^https?:\/\/[^\s/?#\\@]+(\/[^\s?#\\]*)?$/.test(address) || !URL.canParse(address))
    return ['the issuer must be an address with https:// in front and no user, query or fragment'];
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || isLoopback(hostname) ? [] : ['http:// is for an issuer on this machine alone'];
}

function repeats(issuers: readonly TokenIssuer[], index: number): string[] {
  const { name, url, audience } = issuers[index] as TokenIssuer;
  const earlier = issuers.slice(0, index);
  const own = earlier.filter((issuer) => issuer.url === url);
  const others = earlier.filter((issuer) => issuer.url !== url);
  return [
    ...(own.some((issuer) => issuer.audience === audience) ? ['the issuer stands there twice with this audience'] : []),
    ...(own.some((issuer) => issuer.name !== name) ? ['the issuer stands there with another name'] : []),
    ...(others.some((issuer) => issuer.name === name)
      ? [name === undefined ? 'only one issuer may go without a name' : 'another issuer has this name']
      : []),
  ];
}
