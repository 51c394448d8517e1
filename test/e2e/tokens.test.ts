import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { authorization, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { dynamoDbEnv } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { type TokenIssuer, tokenIssuer } from '../helpers/token-issuer.ts';
import { wallClockAhead } from '../helpers/wall-clock.ts';

const HOUR = 3_600_000;

let issuer: TokenIssuer;
beforeAll(async () => {
  issuer = await tokenIssuer();
});
afterAll(() => issuer.close());

const issuers = () => ({ API_KEYS: `test=${KEY}`, TOKEN_ISSUERS: `${issuer.url}=${issuer.audience}` });
const read = async ({ url }: ServerProcess, token: string, path = '/queues') => {
  const { status, headers } = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
  return { status, challenge: headers.get('www-authenticate') };
};
const put = ({ url }: ServerProcess, subject: string, policy: object) =>
  fetch(`${url}/policies/${subject}`, {
    method: 'PUT',
    headers: { ...authorization, 'content-type': 'application/json' },
    body: JSON.stringify(policy),
  });

describe('the built service', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await ServerProcess.start(issuers());
  });
  afterAll(() => server?.stop());

  it('lets a token do what a policy of its group allows, by keys that change', async () => {
    const token = await issuer.token();
    expect((await read(server, token)).status).toBe(403);

    await put(server, 'group:crew', { allow: ['GET /queues'] });
    expect((await read(server, token)).status).toBe(200);
    expect((await read(server, token, '/policies')).status).toBe(403);
    expect(await read(server, `${token}x`)).toEqual({ status: 401, challenge: 'Bearer error="invalid_token"' });

    await issuer.addKey();
    expect((await read(server, await issuer.token())).status).toBe(200);
    expect(server.stdout).not.toContain(token.split('.')[1]);
  });

  it('says of issuers that cannot be read that they are none, and ends with 78', async () => {
    const wrong = await ServerProcess.spawn({
      TOKEN_ISSUERS: 'http://id.example=a,https://id.example,x y@https://b.example=b',
    });
    expect(await wrong.exit).toMatchObject({ code: 78 });
    for (const words of ['item 1: http://', 'item 2: after =', 'item 3: the name'])
      expect(wrong.stdout + wrong.stderr).toContain(words);
  });
});

await withServer('tokens where processes share a store', startDynamoDbLocal, async ({ endpoint }) => {
  const settings = dynamoDbSettings(endpoint);
  beforeAll(async () => {
    Object.assign(process.env, dynamoDbEnv(endpoint));
    await makeTables({ ...settings, ...issuers() });
  });

  it.each([
    ['ahead', 2 * HOUR],
    ['behind', -2 * HOUR],
  ])('end by the time of the store, also where the clock of the machine is %s', async (_, ms) => {
    const server = await ServerProcess.start({ ...settings, ...issuers() }, { preload: wallClockAhead(ms) });
    await put(server, 'group:crew', { allow: ['* /**'] });
    const ended = await issuer.token({ claims: { exp: Math.floor(Date.now() / 1_000) - 60 } });
    const good = await issuer.token();

    // A policy is in force everywhere within five seconds.
    await eventually(
      () => read(server, good),
      ({ status }) => status === 200,
      10_000,
    );
    expect((await read(server, ended)).status).toBe(401);
    await server.stop();
  });
});
