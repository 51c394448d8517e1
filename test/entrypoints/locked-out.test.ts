import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { Service } from '../../src/entrypoints/composition/service.ts';
import { readConfig } from '../../src/entrypoints/config/read-config.ts';

const ADMIN = { name: 'admin', key: 'key-of-the-admin-0123456' };
const READER = { name: 'reader', key: 'key-of-the-reader-012345' };
const NEW = { name: 'new', key: 'a-key-with-a-new-name-01' };

let service: Service;
const lines: { readonly level: number; readonly msg: string }[] = [];
beforeEach(async () => {
  lines.splice(0);
  const config = readConfig(
    { STORAGE: 'memory', API_KEYS: `${ADMIN.name}=${ADMIN.key},${READER.name}=${READER.key}` },
    contexts,
  );
  const logger = pino({}, { write: (line) => void lines.push(JSON.parse(line)) });
  service = new Service({ config, contexts, logger });
  const app = await service.buildApp({ extras: [] });
  const answer = await app.inject({
    method: 'PUT',
    url: '/policies/key:reader',
    headers: { 'x-api-key': ADMIN.key },
    payload: { allow: ['GET /**'] },
  });
  expect(answer.statusCode).toBe(200);
  await app.close();
});
afterEach(() => service.lifecycle.close());

const warnings = () => lines.filter(({ level }) => level === 40).map(({ msg }) => msg);

it('warns at the start when the keys that are left may not change policies, and starts', async () => {
  expect(await service.checkStore([READER])).toEqual([]);
  expect(warnings()).toEqual([expect.stringMatching(/^no key of API_KEYS may put or delete.* a key with a new name/)]);
});

it.each([
  ['that could before', [ADMIN, READER]],
  ['with a new name', [READER, NEW]],
])('says nothing where there is a key %s', async (_, keys) => {
  expect(await service.checkStore(keys)).toEqual([]);
  expect(warnings()).toEqual([]);
});
