import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAULTS } from '../../demo/rate-provider.ts';
import { rateFormats } from '../../src/adapters/http/rate-formats.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { readConfig } from '../../src/entrypoints/config/read-config.ts';
import { eventually } from '../helpers/eventually.ts';
import { readFromProject } from '../helpers/project.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { kill } from '../helpers/servers/process.ts';

const page = readFromProject('docs/rates.md');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);
/** `NAME=value` as a shell would read it. */
const settingsOf = (block: string): Record<string, string> =>
  Object.fromEntries(
    [...block.matchAll(/\b([A-Z_]+)=(?:'([^']*)'|(\S+))/g)].map(([, name, quoted, plain]) => [name, quoted ?? plain]),
  );
const rowsBelow = (head: string): string[][] => {
  const [, table = ''] = page.split(`${head} |\n|---|`, 2);
  const [, ...rows] = (table.split('\n\n', 1)[0] ?? '').trimEnd().split('\n');
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
};

describe('the page on rates', () => {
  const settings = blocks('sh')
    .map(settingsOf)
    .filter((found) => Object.keys(found).length > 0);

  it('has settings that the service takes', () => {
    expect(settings.length).toBeGreaterThan(2);
    for (const example of settings) expect(readConfig(example, contexts)).toMatchObject({ STORAGE: 'memory' });
  });

  it('lists every service with its key and base, and every fault of the provider', () => {
    const services = Object.entries(rateFormats).map(([name, { base, ...format }]) => {
      const key = 'keyParameter' in format ? `\`${format.keyParameter}\`` : '';
      return [`\`${name}\``, key, base];
    });
    const listed = rowsBelow('| it publishes against').map(([name, , key, base]) => [name, key, base]);
    expect(listed).toEqual([...services, ['`reference`', '', 'EUR']]);
    expect(rowsBelow('| the provider')).toEqual(
      Object.entries(FAULTS).map(([kind, meaning]) => [`\`${kind}\``, meaning]),
    );
  });

  describe('tells what happens', () => {
    let provider: ChildProcess;
    let ports: Record<string, string>;
    beforeAll(async () => {
      provider = spawn(process.execPath, ['--import', 'tsx', 'demo/main.ts', 'rates', '--port', '0']);
      const [said] = await once(provider.stdout as NodeJS.ReadableStream, 'data');
      const url = /http:\S+:\d+/.exec(String(said))?.[0] ?? '';
      const service = await ServerProcess.start({
        ...settings.at(-1),
        RATE_SOURCES: settings.at(-1)?.RATE_SOURCES?.replace('http://127.0.0.1:9000', url) ?? '',
      });
      ports = { 'localhost:9000': new URL(url).host, 'localhost:8080': new URL(service.url).host };
    }, 30_000);
    afterAll(() => kill(provider));

    it('when a provider fails and comes back', async () => {
      const [session = ''] = blocks('console');
      const steps = session.split(/^\$ /m).slice(1);
      expect(steps.length).toBeGreaterThan(5);
      for (const step of steps) {
        const [command = '', ...shown] = step.trimEnd().split('\n');
        const fragments = shown
          .join(' ')
          .split('…')
          .map((part) => part.trim())
          .filter((part) => part !== '');
        expect(fragments).not.toEqual([]);
        await eventually(
          () => shell(command.replace(/localhost:\d+/, (host) => ports[host] ?? host)),
          (output) => fragments.every((fragment) => output.includes(fragment)),
          20_000,
        );
      }
    }, 90_000);

    it('until the provider is told to end', async () => {
      provider.kill('SIGTERM');
      expect(await once(provider, 'exit')).toEqual([0, null]);
    });
  });
});

const shell = (command: string): Promise<string> =>
  new Promise((resolve) => {
    execFile('sh', ['-c', command], (_, stdout) => resolve(stdout));
  });
