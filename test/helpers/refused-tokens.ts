import { createHmac } from 'node:crypto';
import { type CryptoKey, exportSPKI, importJWK } from 'jose';
import { forged, type TokenIssuer } from './token-issuer.ts';

/** Tokens that must never count, by what is wrong with them. */
export type RefusedTokens = Readonly<Record<string, string>>;

/**
 * A token for each thing that can be wrong, some of them made without the key of the issuer.
 *
 * @param issuer that is trusted
 * @param foreign that is not
 * @param now the time of the service, epoch ms
 */
export async function refusedTokens(issuer: TokenIssuer, foreign: TokenIssuer, now: number): Promise<RefusedTokens> {
  const seconds = Math.floor(now / 1_000);
  const good = await issuer.token();
  const [head, payload, signature] = good.split('.') as [string, string, string];
  const { kid, publicJwk } = issuer.key;
  const pem = await exportSPKI((await importJWK(publicJwk, publicJwk.alg)) as CryptoKey);
  const hmac = (secret: string) => (signed: string) => createHmac('sha256', secret).update(signed).digest('base64url');
  const admin = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), 'cognito:groups': ['admins'] };
  const lost = await tokenOfLostKey(issuer);
  return {
    'of an issuer that is not trusted': await foreign.token(),
    'of another issuer under the name of this one': await foreign.token({
      claims: { iss: issuer.url, aud: issuer.audience },
    }),
    'signed by another under the key id of this one': await foreign.token({
      claims: { iss: issuer.url, aud: issuer.audience },
      header: { kid },
    }),
    'for another audience': await issuer.token({ claims: { aud: 'another' } }),
    'for several other audiences': await issuer.token({ claims: { aud: ['another', 'others'] } }),
    'for nobody': await issuer.token({ claims: { aud: [] } }),
    'for another audience by this client': await issuer.token({
      claims: { aud: 'another', client_id: issuer.audience },
    }),
    'without audience and client': await issuer.token({ without: ['aud'] }),
    'without audience, of another client': await issuer.token({ without: ['aud'], claims: { client_id: 'another' } }),
    'that has expired': await issuer.token({ claims: { exp: seconds - 1 } }),
    'that expires now': await issuer.token({ claims: { exp: seconds } }),
    'without an end': await issuer.token({ without: ['exp'] }),
    'whose end is a text': await issuer.token({ claims: { exp: String(seconds + 60) as never } }),
    'that begins later': await issuer.token({ claims: { nbf: seconds + 60 } }),
    'without an issuer': await issuer.token({ without: ['iss'] }),
    'that names nobody': await issuer.token({ without: ['sub', 'cognito:groups'] }),
    'that is bound to a key': await issuer.token({ claims: { cnf: { jkt: 'x' } } }),
    'of another kind': await issuer.token({ header: { typ: 'logout+jwt' } }),
    'with an extension that must be understood': await issuer.token({
      header: { crit: ['urn:example'], 'urn:example': 1 },
    }),
    'with an extension that is the rule anyway': await issuer.token({ header: { crit: ['b64'], b64: true } }),
    'that says who signed in': await issuer.token({ claims: { token_use: 'id' } }),
    'whose groups are to be read elsewhere': await issuer.token({
      claims: { _claim_names: { 'cognito:groups': 'src1' } },
    }),
    'with groups that it does not hold': await issuer.token({ claims: { hasgroups: true } }),
    'with an unknown key id': await issuer.token({ header: { kid: 'unknown' } }),
    'with a key id that is no text': await issuer.token({ header: { kid: 7 } }),
    'of a key that was never published': lost,
    'with more groups than are judged': await issuer.token({
      claims: { 'cognito:groups': Array.from({ length: 251 }, (_, index) => `g${index}`) },
    }),
    'that is too long': await issuer.token({ claims: { filling: 'x'.repeat(8_192) } }),
    'with no algorithm': await forged(good, { alg: 'none' }),
    'with no algorithm, and the key id': await forged(good, { alg: 'none', kid }, () => signature),
    'signed with the public key as a secret': await forged(good, { alg: 'HS256', kid }, hmac(pem)),
    'signed with the public JWK as a secret': await forged(
      good,
      { alg: 'HS256', kid },
      hmac(JSON.stringify(publicJwk)),
    ),
    'that names another algorithm than its key': await forged(good, { alg: 'RS256', kid }, () => signature),
    'that brings its own key': await forged(good, { alg: 'ES256', jwk: foreign.key.publicJwk, kid }, () => signature),
    'with other groups than were signed': `${head}.${Buffer.from(JSON.stringify(admin)).toString('base64url')}.${signature}`,
    'without its signature': `${head}.${payload}.`,
    'with a signature that is cut': `${head}.${payload}.${signature.slice(0, -4)}`,
  };
}

/** A token of a key that the issuer made and withdrew before anybody read it. */
async function tokenOfLostKey(issuer: TokenIssuer): Promise<string> {
  const { key } = issuer;
  const lost = await issuer.addKey();
  issuer.withdraw(lost.kid);
  const token = await issuer.token({ key: lost });
  issuer.use(key);
  return token;
}
