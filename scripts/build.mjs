// Bundles the programs into dist/, or into another folder if one is given; packages stay in node_modules.
import { cp, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const [folder = 'dist'] = process.argv.slice(2);

await rm(folder, { recursive: true, force: true });
await build({
  entryPoints: {
    server: 'src/entrypoints/container/server.ts',
    tables: 'src/entrypoints/cli/tables.ts',
    grow: 'src/entrypoints/cli/grow.ts',
  },
  outdir: folder,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: true,
});
await cp('src/entrypoints/http/dashboard', `${folder}/dashboard`, { recursive: true });
