/**
 * How long each function takes to load, as a ratio to a handler that has nothing but the SDK's document client, bundled
 * as esbuild does it by default: `npm run bench -- lambda-init [rounds]`. All are loaded once in every round, each in a
 * process of its own. `load` is the `import` alone; `init` has the start of Node in it; `cpu` is the time at work of both,
 * which a busy machine does not stretch.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';

const run = promisify(execFile);
interface Times {
  readonly load: number;
  readonly init: number;
  readonly cpu: number;
}

const rounds = Number(process.argv[2] ?? 25);
const folder = await mkdtemp(join(tmpdir(), 'lambda-init-'));

const SDK_ONLY = `
  import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
  import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
  const client = DynamoDBDocumentClient.from(new DynamoDBClient());
  export const handler = async ({ get, put }) => client.send(get ? new GetCommand(get) : new PutCommand(put));
`;

/** What the functions need to be there; secrets are given, so that none is fetched. */
const ENVIRONMENT = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  API_KEYS: 'bench=a-key-for-the-bench-alone',
  VOTER_KEY: 'a voter key for the bench alone',
  RATE_SOURCES: 'frankfurter',
  WAKE_UPS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:000000000000:bench',
};

try {
  await run(process.execPath, ['scripts/build-lambda.mjs', folder]);
  const sdkOnly = join(folder, 'sdk-only.mjs');
  buildSync({
    stdin: { contents: SDK_ONLY, resolveDir: 'src' },
    outfile: sdkOnly,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  const bundles = new Map([['SDK only', sdkOnly]]);
  for (const { name } of (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
    const entry = name.replace(/Function$/, '').replace(/(?<!^)([A-Z])/g, '-$1');
    bundles.set(name, join(folder, name, `${entry.toLowerCase()}.mjs`));
  }

  const times = new Map([...bundles.keys()].map((name): [string, Times[]] => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, bundle] of bundles) times.get(name)?.push(await load(bundle));

  const median = (name: string, part: keyof Times): number => {
    const all = (times.get(name) ?? []).map((each) => each[part]).sort((one, other) => one - other);
    return all[Math.floor(all.length / 2)] as number;
  };
  const row = (name: string) =>
    Object.fromEntries(
      (['load', 'init', 'cpu'] as const).flatMap((part) => [
        [`${part}, median ms`, Math.round(median(name, part))],
        [`${part}, ratio`, (median(name, part) / median('SDK only', part)).toFixed(2)],
      ]),
    );
  console.table(Object.fromEntries([...bundles.keys()].map((name) => [name, row(name)])));
} finally {
  await rm(folder, { recursive: true });
}

/** Loads a bundle in a process of its own, whose clock starts with it. */
async function load(bundle: string): Promise<Times> {
  const script = `
    const start = performance.now();
    await import(${JSON.stringify(pathToFileURL(bundle).href)});
    const end = performance.now();
    const { user, system } = process.cpuUsage();
    console.log('took', JSON.stringify({ load: end - start, init: end, cpu: (user + system) / 1000 }));
    process.exit();
  `;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { env: ENVIRONMENT });
  return JSON.parse(/^took (.*)$/m.exec(stdout)?.[1] as string) as Times;
}
