import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseTokenIssuers } from '../../../src/entrypoints/config/token-issuers.ts';

describe('issuers of tokens', () => {
  it.each([
    ['https://id.example=portside', { url: 'https://id.example', audience: 'portside' }],
    ['https://id.example/=portside', { url: 'https://id.example/', audience: 'portside' }],
    [
      'crew@https://id.example/pool_1=portside',
      { name: 'crew', url: 'https://id.example/pool_1', audience: 'portside' },
    ],
    ['https://id.example/@crew=a@b', { url: 'https://id.example/@crew', audience: 'a@b' }],
    ['https://id.example=a=b==', { url: 'https://id.example', audience: 'a=b==' }],
    [
      'https://id.example=https://api.example/?v=1',
      { url: 'https://id.example', audience: 'https://api.example/?v=1' },
    ],
    ['http://127.0.0.1:9000/x=a', { url: 'http://127.0.0.1:9000/x', audience: 'a' }],
    ['http://localhost:9000=a', { url: 'http://localhost:9000', audience: 'a' }],
    ['http://[::1]:9000=a', { url: 'http://[::1]:9000', audience: 'a' }],
  ])('are read: %s', (text, issuer) => {
    expect(parseTokenIssuers(text)).toEqual([issuer]);
  });

  it('come back as they were written', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
    const issuer = fc.record(
      {
        name: id,
        url: fc
          .tuple(fc.webAuthority(), fc.webPath())
          .map(([host, path]) => `https://${host}${path.replaceAll(/[=,?#@]/g, '')}`),
        audience: fc.stringMatching(/^[\x21-\x2b\x2d-\x7e]{1,60}$/),
      },
      { requiredKeys: ['url', 'audience'] },
    );
    const issuers = fc
      .array(issuer, { minLength: 1, maxLength: 4 })
      .filter((list) => new Set(list.map(({ url }) => url)).size === list.length)
      .filter((list) => new Set(list.map(({ name }) => name)).size === list.length)
      .filter((list) => list.every(({ url }) => URL.canParse(url)));
    fc.assert(
      fc.property(issuers, (list) => {
        const text = list.map(({ name, url, audience }) => `${name ? `${name}@` : ''}${url}=${audience}`).join(', ');
        expect(parseTokenIssuers(text)).toEqual(list);
      }),
    );
  });

  it.each([
    ['', 'the issuer must be an address'],
    ['https://id.example', 'after = comes the audience'],
    ['https://id.example=', 'after = comes the audience'],
    ['https://id.example=a b', 'after = comes the audience'],
    [`https://id.example=${'a'.repeat(257)}`, 'after = comes the audience'],
    ['portside', 'the issuer must be an address'],
    ['http://id.example=a', 'http:// is for an issuer on this machine alone'],
    ['http://127.0.0.1.example=a', 'http:// is for an issuer on this machine alone'],
    ['ftp://id.example=a', 'the issuer must be an address'],
    ['https://user@id.example=a', 'no user, query or fragment'],
    ['https://user:secret@id.example=a', 'no user, query or fragment'],
    ['https://id.example/?x=a', 'no user, query or fragment'],
    ['https://id.example/#x=a', 'no user, query or fragment'],
    ['https://id.example\\x=a', 'no user, query or fragment'],
    ['https://=a', 'the issuer must be an address'],
    ['my crew@https://id.example=a', 'the name may have'],
    ['@https://id.example=a', 'the name may have'],
    ['a/b@https://id.example=a', 'the name may have'],
    [`${'n'.repeat(65)}@https://id.example=a`, 'the name may have'],
    ['https://a.example=a,https://b.example=b', 'only one issuer may go without a name'],
    ['x@https://a.example=a,x@https://b.example=b', 'another issuer has this name'],
    ['https://a.example=a,x@https://a.example=b', 'the issuer stands there with another name'],
    ['https://a.example=a,https://a.example=a', 'the issuer stands there twice with this audience'],
  ])('are refused: %s', (text, problem) => {
    expect(() => parseTokenIssuers(text)).toThrow(problem);
  });

  it('are refused with all that is wrong', () => {
    const text = 'my crew@http://id.example,https://a.example=a, https://b.example=b';
    expect(() => parseTokenIssuers(text)).toThrow(
      /item 1: the name .*item 1: http:.*item 1: after =.*item 3: only one/s,
    );
  });
});
