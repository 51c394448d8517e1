import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { type EmbeddedApp, embeddedApp, KEY } from '../helpers/embedded-app.ts';
import { PROJECT, readFromProject } from '../helpers/project.ts';

const EXAMPLE = /^```ts\n(.*?)^```$/ms.exec(readFromProject('docs/how-to/generate-a-client.md'))?.[1] ?? '';
/** The client is made and compiled, which takes its time on a busy machine. */
const COMPILE_MS = 120_000;
const run = promisify(execFile);
const bin = (name: string): string => join(PROJECT, 'node_modules/.bin', name);

describe('the client that is generated from the document', () => {
  let service: EmbeddedApp;
  let url: string;
  let folder: string;
  beforeAll(async () => {
    service = await embeddedApp();
    url = await service.app.listen({ host: '127.0.0.1', port: 0 });
    folder = await mkdtemp(join(tmpdir(), 'portside-client-'));
    await mkdir(join(folder, 'node_modules'));
    for (const name of ['openapi-fetch', 'openapi-typescript-helpers', '@types'])
      await symlink(join(PROJECT, 'node_modules', name), join(folder, 'node_modules', name));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'example.ts'), EXAMPLE);
    const types = await openapiTypescript(new URL('/openapi.json', url));
    await writeFile(join(folder, 'portside.d.ts'), astToString(types));
  }, COMPILE_MS);
  afterAll(async () => {
    await service.close();
    await rm(folder, { recursive: true });
  });

  it(
    'has types under which the example of the page compiles, and no other words for things',
    async () => {
      const wrong = EXAMPLE.replace("choice: 'sushi'", "vote: 'sushi'").replace("currency: 'USD'", "currency: 'AAA'");
      await writeFile(join(folder, 'wrong.ts'), wrong);
      const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
      const compile = (file: string) =>
        run(bin('tsc'), [...options, '--allowImportingTsExtensions', '--skipDefaultLibCheck', file], { cwd: folder });

      expect((await compile('example.ts')).stdout).toBe('');
      const complaints = await compile('wrong.ts').then(
        () => '',
        ({ stdout }: { stdout: string }) => stdout,
      );
      expect(complaints).toMatch(/'vote' does not exist/);
      expect(complaints).toMatch(/'"AAA"' is not assignable/);
    },
    COMPILE_MS,
  );

  it('votes, works on a task and values a stock', async () => {
    const env = { ...process.env, PORTSIDE_URL: url, PORTSIDE_KEY: KEY };
    const { stdout } = await run(bin('tsx'), ['example.ts'], { cwd: folder, env });

    expect(JSON.parse(stdout)).toEqual({
      ballots: 1,
      votes: [
        ['PIZZA', 0],
        ['SUSHI', 1],
      ],
      tasks: [['SUCCESS', 'sent']],
      value: '12.50',
      currencies: ['USD', 'JPY'],
    });
  });
});
