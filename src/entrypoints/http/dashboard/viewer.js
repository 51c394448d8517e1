import { apiKey } from './api-key.js';
import { effect, signal } from './packages.js';
import { Problem, request } from './service.js';

/**
 * @import { Static } from 'typebox'
 * @import { AccessBody } from '../access/schemas.ts'
 *
 * @typedef {Static<typeof AccessBody>} Viewer
 */

/** Who the viewer is to the service: whose key or token it is. Undefined as long as nobody knows. */
export const viewer = signal(/** @type {Viewer | undefined} */ (undefined));

/**
 * Asks the service whose key or token it is.
 *
 * @param {string} key
 * @returns {Promise<Viewer>}
 * @throws {Problem} with the status 401 where it is nobody's
 */
export async function viewerOf(key) {
  const { body } = await request('GET', 'access', { headers: { authorization: `Bearer ${key}` } });
  return /** @type {Viewer} */ (body);
}

/**
 * The name of somebody as people say it, without what kind of a caller it is.
 *
 * @param {Viewer} viewer
 */
export const nameOf = ({ subjects: [first = ''] }) => first.slice(first.indexOf(':') + 1);

// A key may come from before the page was loaded, too.
effect(() => {
  const key = apiKey.value;
  if (key === undefined) viewer.value = undefined;
  else if (viewer.peek() === undefined) void learn(key);
});

/** @param {string} key */
async function learn(key) {
  try {
    const found = await viewerOf(key);
    if (apiKey.value === key) viewer.value = found;
  } catch (error) {
    // What needs the key says what is wrong with it.
    if (!(error instanceof Problem)) throw error;
  }
}
