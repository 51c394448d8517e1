// Compiles what others may import from the package into lib/.
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';

await rm('lib', { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'scripts/tsconfig.library.json'], {
  stdio: 'inherit',
});
