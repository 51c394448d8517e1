// Bundles every function of template.yaml as `sam build` does, into dist/lambda/<function>/ or into another folder if one
// is given, with what esbuild says of each bundle in <function>.meta.json beside it. Further arguments go to esbuild.
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';

const [out = 'dist/lambda', ...options] = process.argv.slice(2);
const folder = resolve(out);
const { Resources, Globals } = parse(await readFile('template.yaml', 'utf8'), { logLevel: 'error' });

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const [name, { Type, Metadata }] of Object.entries(Resources))
  if (Type === 'AWS::Serverless::Function') await bundle(name, Metadata.BuildProperties);

/** BuildProperties are options of esbuild's command line, in another spelling. */
async function bundle(name, { EntryPoints, ...properties }) {
  const flags = Object.entries(properties).flatMap(([property, value]) => {
    const flag = `--${property.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase()}`;
    if (typeof value === 'boolean') return value ? [flag] : [];
    return Array.isArray(value) ? value.map((item) => `${flag}:${item}`) : [`${flag}=${value}`];
  });
  const metafile = join(folder, `${name}.meta.json`);
  await promisify(execFile)(
    resolve('node_modules/.bin/esbuild'),
    [
      ...EntryPoints,
      '--bundle',
      '--platform=node',
      `--outdir=${join(folder, name)}`,
      ...flags,
      ...options,
      `--metafile=${metafile}`,
    ],
    { cwd: Globals.Function.CodeUri },
  );
}
