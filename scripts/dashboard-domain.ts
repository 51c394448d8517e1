import { build } from 'esbuild';

/** Where the dashboard has what it takes from the domain. It is served as it is, like every other module of a page. */
export const DASHBOARD_DOMAIN = 'src/entrypoints/http/dashboard/domain.js';

const CONTENTS = `
  export { evaluate } from './flags/evaluate.ts';
  export { instantIn } from './flags/instants.ts';
  export { murmur3 } from './flags/murmur3.ts';
  export { placeOf, variantOf } from './flags/rollout.ts';
  export { isMatch, readStatement } from './shared/route-statement.ts';
`;
const HEADER = `// @ts-nocheck
// Written by \`npm run docs\` from src/domain, so that the pages judge as the service does. Do not change it here.
// Safari before 15.4 has no hasOwn of its own.
const isOwn = (object, name) => Object.prototype.hasOwnProperty.call(object, name);`;

/**
 * The module of {@link DASHBOARD_DOMAIN}. Its syntax is one that the browsers of 2022 know; where the domain calls what they do not
 * have, such as `at` of a list, test/entrypoints/dashboard-browsers.test.ts fails, and the domain does without.
 */
export async function dashboardDomain(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: CONTENTS, resolveDir: 'src/domain', loader: 'ts' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    define: { 'Object.hasOwn': 'isOwn' },
    banner: { js: HEADER },
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
