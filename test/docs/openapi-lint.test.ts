import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { embeddedApp } from '../helpers/embedded-app.ts';

const REDOCLY = join(dirname(createRequire(import.meta.url).resolve('@redocly/cli/package.json')), 'bin/cli.js');
/** It asks nobody, and tells nobody, about itself. */
const ALONE = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openapi-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What Redocly's recommended rules have to say of a document. */
async function remarksOn(document: object): Promise<string[]> {
  const file = join(folder, 'openapi.json');
  await writeFile(file, JSON.stringify(document));
  const args = [REDOCLY, 'lint', '--extends', 'recommended', '--format', 'json', file];
  const output = await new Promise<string>((resolve) =>
    execFile(process.execPath, args, { env: { ...process.env, ...ALONE }, cwd: folder }, (_, stdout) =>
      resolve(stdout),
    ),
  );
  const { problems } = JSON.parse(output) as { problems: { ruleId: string; location: { pointer: string }[] }[] };
  return problems.map(({ ruleId, location }) => `${ruleId} ${location[0]?.pointer}`);
}

/** A form that was sent leads to the page again, so that to load that anew sends nothing. */
const ANSWERED_BY_REDIRECT = 'operation-2xx-response #/paths/~1vote~1{pollId}/post/responses';
/** The request becomes a WebSocket. */
const ANSWERED_BY_UPGRADE = 'operation-2xx-response #/paths/~1flag-sets~1{set}~1socket/get/responses';

describe('the OpenAPI document that is served', () => {
  it('has nothing that Redocly would remark on, be it a warning', async () => {
    const service = await embeddedApp();
    const document = (await service.app.inject('/openapi.json')).json();
    await service.close();

    expect((await remarksOn(document)).sort()).toEqual([ANSWERED_BY_UPGRADE, ANSWERED_BY_REDIRECT]);
    delete document.paths['/polls'].get.operationId;
    expect((await remarksOn(document)).sort()).toEqual([
      ANSWERED_BY_UPGRADE,
      ANSWERED_BY_REDIRECT,
      'operation-operationId #/paths/~1polls/get/operationId',
    ]);
  });
});
