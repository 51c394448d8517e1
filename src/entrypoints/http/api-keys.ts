import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

export interface ApiKey {
  readonly name: string;
  readonly key: string;
}

/** By these, histories name changes that no key has made. */
const TAKEN_NAMES = ['schedule', 'token'];

const FORM =
  'must be name=key,name=key or { "name": "key" } with keys of 16 to 128 characters, and no name may be ' +
  TAKEN_NAMES.join(' or ');

/** @throws Error unless the text is a list `name=key,name=key` or, as Secrets Manager likes it, a JSON object */
export function parseApiKeys(text: string): readonly ApiKey[] {
  const pairs = /^\s*\{/.test(text) ? pairsInJson(text) : text.split(',').map((pair) => pair.trim());
  const keys = pairs.map((pair) => {
    const [, name, key] = /^([A-Za-z0-9_.-]+)=([\x21-\x7e]{16,128})$/.exec(pair) ?? [];
    if (!name || !key || TAKEN_NAMES.includes(name)) throw new Error(FORM);
    return { name, key };
  });
  if (keys.length === 0) throw new Error(FORM);
  return keys;
}

function pairsInJson(text: string): string[] {
  let keys: Record<string, unknown>;
  try {
    keys = JSON.parse(text);
  } catch {
    throw new Error(FORM);
  }
  return Object.entries(keys).map(([name, key]) => {
    if (typeof key !== 'string') throw new Error(FORM);
    return `${name}=${key}`;
  });
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Recognises API keys in constant time: digests are compared, and always with every key.
 *
 * @returns a function that tells the name of the key that a request carries, or undefined
 */
export function apiKeyReader(keys: readonly ApiKey[]): (request: FastifyRequest) => string | undefined {
  const known = keys.map(({ name, key }) => ({ name, digest: digest(key) }));
  return ({ headers }) => {
    const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1];
    const presented = [bearer, headers['x-api-key']].map((key) => digest(String(key ?? '')));
    return known.filter((key) => presented.filter((given) => timingSafeEqual(key.digest, given)).length > 0).at(0)
      ?.name;
  };
}
