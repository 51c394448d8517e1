import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../eventually.ts';
import { freePort, kill } from './process.ts';

const VERSION = '2.6.1';
const LIBRARY = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'portside', `dynamodb-local-${VERSION}`);

export interface TestServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * Starts Amazon's DynamoDB Local in memory on a free port of loopback, or uses the one that
 * `AWS_ENDPOINT_URL_DYNAMODB` names. Java 17 and, the first time, Maven must be there.
 *
 * @throws Error that says what is missing
 */
export async function startDynamoDbLocal(): Promise<TestServer> {
  const given = process.env.AWS_ENDPOINT_URL_DYNAMODB;
  if (given) return { endpoint: given, stop: async () => undefined };
  await provideLibrary();
  const port = await freePort();
  const java = spawn(
    'java',
    [
      // It lives for a minute at most: what the second compiler would save, it never earns back.
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      `-Djava.library.path=${LIBRARY}`,
      '-cp',
      join(LIBRARY, '*'),
      'com.amazonaws.services.dynamodbv2.local.main.ServerRunner',
      '-inMemory',
      '-disableTelemetry',
      '-port',
      String(port),
    ],
    { stdio: 'ignore' },
  );
  const endpoint = `http://127.0.0.1:${port}`;
  await eventually(
    () => firstTable(endpoint),
    (isThere) => isThere,
    30_000,
  ).catch(async (error) => {
    await kill(java);
    throw error;
  });
  return { endpoint, stop: () => kill(java) };
}

/** The first table takes a fresh server some seconds; the product's own client is not to wait that long. */
async function firstTable(endpoint: string): Promise<boolean> {
  const { status } = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.CreateTable',
      authorization:
        'AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify({
      TableName: 'first',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  });
  return status === 200;
}

async function provideLibrary(): Promise<void> {
  await run('java', ['-version']).catch(() => {
    throw new Error('Java is not installed (Debian: apt-get install openjdk-17-jre-headless)');
  });
  if (existsSync(LIBRARY)) return;
  const folder = await mkdtemp(join(tmpdir(), 'dynamodb-local-'));
  try {
    await writeFile(join(folder, 'pom.xml'), POM);
    await run('mvn', [
      '-q',
      '-B',
      '-f',
      folder,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${folder}/lib`,
    ]).catch((error) => {
      throw new Error(`Maven could not bring DynamoDB Local (Debian: apt-get install maven): ${error.message}`);
    });
    await mkdir(join(LIBRARY, '..'), { recursive: true });
    const beside = `${LIBRARY}.${process.pid}`;
    await cp(join(folder, 'lib'), beside, { recursive: true });
    // Of two runs that both bring it, the first wins.
    await rename(beside, LIBRARY).catch(() => rm(beside, { recursive: true }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>portside</groupId><artifactId>servers</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>${VERSION}</version>
  </dependency></dependencies>
</project>`;

const run = promisify(execFile);
