import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EmbeddedApp, embeddedApp, KEY } from '../helpers/embedded-app.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { pythonWith } from './python-environment.ts';

const run = promisify(execFile);

/** The Python that has the generator, and what the generated client needs. */
async function generator() {
  return { python: await pythonWith('openapi-python-client==0.29.1'), stop: async () => undefined };
}

await withServer('a client for Python', generator, ({ python }) => {
  describe('the client for Python that is generated from the document', () => {
    let service: EmbeddedApp;
    let url: string;
    let folder: string;
    beforeAll(async () => {
      service = await embeddedApp();
      url = await service.app.listen({ host: '127.0.0.1', port: 0 });
      folder = await mkdtemp(join(tmpdir(), 'portside-python-'));
      await writeFile(join(folder, 'openapi.json'), (await service.app.inject('/openapi.json')).body);
    });
    afterAll(async () => {
      await service.close();
      await rm(folder, { recursive: true });
    });

    it('puts, values, lists and deletes stocks, with problems as types of their own', async () => {
      const files = ['--path', 'openapi.json', '--output-path', 'portside', '--meta', 'none'];
      await run(python, ['-m', 'openapi_python_client', 'generate', ...files], { cwd: folder });
      const { stdout } = await run(python, [resolve('test/deploy/python-client.py'), url, KEY], {
        env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
      });

      expect(JSON.parse(stdout)).toEqual({
        put: [201, 201, 200],
        value: ['ACME', '12.50', 'USD', ['JPY', 'KWD', 'USD']],
        converted: ['12.50', 'EUR', ['USD']],
        listed: ['ACME', 'AMZN', 'BRK.B'],
        stale: [412, 'PRECONDITION_FAILED'],
        deleted: 204,
        gone: [404, 'STOCKS_NOT_FOUND'],
      });
    });
  });
});
