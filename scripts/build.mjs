// Bundles the programs into dist/, or into another folder if one is given; packages stay in node_modules.
import { cp, mkdir, rename, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { build } from 'esbuild';

const [folder = 'dist'] = process.argv.slice(2);

const { outputFiles } = await build({
  entryPoints: {
    server: 'src/entrypoints/container/server.ts',
    tables: 'src/entrypoints/cli/tables.ts',
    grow: 'src/entrypoints/cli/grow.ts',
    'voter-key': 'src/entrypoints/cli/voter-key.ts',
    backup: 'src/entrypoints/cli/backup.ts',
    restore: 'src/entrypoints/cli/restore.ts',
  },
  outdir: folder,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  write: false,
});
// Files are replaced whole and never missing: another process may be starting from this folder.
await mkdir(folder, { recursive: true });
for (const { path, contents } of outputFiles) {
  const beside = `${path}.${process.pid}`;
  await writeFile(beside, contents);
  await rename(beside, path);
}
await cp('src/entrypoints/http/dashboard', `${folder}/dashboard`, {
  recursive: true,
  filter: (path) => basename(path) !== 'tsconfig.json',
});
