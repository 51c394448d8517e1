import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EmbeddedApp, embeddedApp, KEY } from '../helpers/embedded-app.ts';
import { PROJECT, readFromProject } from '../helpers/project.ts';

const run = promisify(execFile);
const PAGE = readFromProject('docs/flags.md');
const [onServer = '', inBrowser = ''] = [...PAGE.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);
const definition = JSON.parse(/new-checkout -d '(\{.*?^\})'/ms.exec(PAGE)?.[1] ?? '') as object;

describe('the SDKs of OpenFeature', () => {
  let service: EmbeddedApp;
  let url: string;
  beforeAll(async () => {
    service = await embeddedApp();
    await service.app.listen({ port: 0, host: '127.0.0.1' });
    url = `http://127.0.0.1:${(service.app.server.address() as AddressInfo).port}`;
    expect((await send('POST', '/flag-sets', { setId: 'web' })).status).toBe(201);
    expect((await send('PUT', '/flag-sets/web/flags/new-checkout', definition)).status).toBe(201);
  });
  afterAll(() => service.close());

  const send = (method: string, path: string, body: object) =>
    fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  /** Runs a program as a reader of the page would. @returns what it prints */
  async function print(program: string): Promise<string> {
    const env = { ...process.env, PORTSIDE_URL: url, PORTSIDE_KEY: KEY };
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', `${program}\nprocess.exit();`], {
      cwd: PROJECT,
      env,
    });
    return stdout.trim();
  }
  const here = (program: string) =>
    program.replace('https://portside.example.org', url).replace('key-of-the-page', KEY);

  it('evaluate a flag on a server, by the example of the documentation', async () => {
    expect(await print(onServer)).toBe('true');
    expect(await print(onServer.replace('ada@example.org', 'ada@example.com'))).toBe('false');
  });

  it('evaluate all flags for a browser, by the example of the documentation', async () => {
    expect(await print(here(inBrowser))).toBe('true');
    expect(await print(here(inBrowser).replace('ada@example.org', 'ada@example.com'))).toBe('false');
  });

  it('tell why: the variant, the reason, and an error in their own words', async () => {
    const details = (key: string, context: object) =>
      onServer.replace(/^const user = .*$/ms, '') +
      `const found = await OpenFeature.getClient().getBooleanDetails(${JSON.stringify(key)}, true, ${JSON.stringify(context)});
       console.log(JSON.stringify(found));`;
    const read = async (key: string, context: object) => JSON.parse(await print(details(key, context)));

    expect(await read('new-checkout', { targetingKey: 'u', email: 'a@example.org' })).toMatchObject({
      value: true,
      variant: 'on',
      reason: 'TARGETING_MATCH',
    });
    expect(await read('new-checkout', {})).toMatchObject({ value: true, errorCode: 'TARGETING_KEY_MISSING' });
    expect(await read('none', { targetingKey: 'u' })).toMatchObject({ value: true, errorCode: 'FLAG_NOT_FOUND' });
  });
});
