// Bundles the programs into dist/; packages stay in node_modules.
import { cp, rm } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: { server: 'src/entrypoints/container/server.ts', tables: 'src/entrypoints/cli/tables.ts' },
  outdir: 'dist',
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: true,
});
await cp('src/entrypoints/http/dashboard', 'dist/dashboard', { recursive: true });
