import { describe, expect, it } from '@jest/globals';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { makeTables } from '../../src/entrypoints/composition/make-tables.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { KEY } from '../helpers/embedded-app.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { dynamoDbEnv } from '../helpers/servers/dynamodb-tables.ts';
import { FaultyProxy } from '../helpers/servers/faulty-proxy.ts';
import { withServer } from '../helpers/servers/with-server.ts';

await withServer('a silent store', startDynamoDbLocal, ({ endpoint }) => {
  describe('a service whose store falls silent', () => {
    it('answers every request within 15 s, and ends with 0 within 10 s of SIGTERM', async () => {
      const proxy = await FaultyProxy.start(endpoint);
      const settings = { ...dynamoDbSettings(proxy.endpoint), API_KEYS: `test=${KEY}` };
      Object.assign(process.env, dynamoDbEnv(endpoint));
      await makeTables(settings, contexts);
      const server = await ServerProcess.start(settings);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);

      proxy.fate = () => 'silence';
      const begin = performance.now();
      const answers = await Promise.all(
        ['/polls', '/polls/colors/results', '/readyz'].map((path) => fetch(server.url + path)),
      );
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
      expect(performance.now() - begin).toBeLessThan(15_000);

      const stop = performance.now();
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      expect(performance.now() - stop).toBeLessThan(10_000);
      await proxy.stop();
    }, 60_000);
  });
});
