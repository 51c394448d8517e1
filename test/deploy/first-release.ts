import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { PROJECT, readFromProject } from '../helpers/project.ts';

/** Lies here because a clone may be without history: the template of 0.1, and all that 0.1 itself wrote into its tables. */
const FOLDER = 'test/deploy/first-release';
/** When it wrote that, epoch ms. */
const WRITTEN_AT = Date.parse('2026-11-30T21:28:48Z');
/** The id of the task that was done. */
export const DONE_BEFORE = '01M8Q5REZ72N6SD8SK7WMKK3B8';
const HANDLERS = ['api', 'votes-stream', 'votes-sweep', 'tasks-stream', 'tasks-processor', 'tasks-sweep'];
/** In place of the functions, of which the update leaves nothing. */
const HANDLER = 'export const handler = async () => ({ statusCode: 501 });\n';

interface OldItem {
  /** Its name in the template. */
  readonly table: string;
  readonly item: Record<string, AttributeValue>;
}

/** What 0.1 deployed on Fargate, too, from the same data. */
export const OLD_FARGATE = `${FOLDER}/fargate.yaml`;

/** What Portside 0.1 left on AWS. */
export class FirstRelease {
  private constructor(private readonly folder: string) {}

  static async make(): Promise<FirstRelease> {
    const folder = await mkdtemp(join(tmpdir(), 'portside-first-release-'));
    await cp(join(PROJECT, FOLDER, 'template.yaml'), join(folder, 'template.yaml'));
    await mkdir(join(folder, 'src'));
    for (const name of HANDLERS) await writeFile(join(folder, 'src', `${name}.mjs`), HANDLER);
    return new FirstRelease(folder);
  }

  get template(): string {
    return join(this.folder, 'template.yaml');
  }

  stop = (): Promise<void> => rm(this.folder, { recursive: true, force: true });
}

/**
 * Writes what 0.1 wrote, as if that had been just now: a closed poll with votes and one that was left open, a stock value,
 * and a queue with a task that waits and one that is done.
 *
 * @param nameOf a table, by its name in the template
 * @param without what is named so, such as the poll `left-open`
 */
export async function putOldItems(
  client: DynamoDBDocumentClient,
  nameOf: (table: string) => string,
  without = /^$/,
): Promise<void> {
  const lines = linesOf(Date.now() - WRITTEN_AT).filter((line) => !without.test(line));
  const items = lines.map((line) => JSON.parse(line) as OldItem);
  for (let from = 0; from < items.length; from += 25) {
    const requests: Record<string, { PutRequest: { Item: OldItem['item'] } }[]> = {};
    for (const { table, item } of items.slice(from, from + 25)) {
      requests[nameOf(table)] ??= [];
      requests[nameOf(table)]?.push({ PutRequest: { Item: item } });
    }
    await client.send(new BatchWriteItemCommand({ RequestItems: requests }));
  }
}

/** @param later ms by which each time in the items is put off; ids keep theirs */
const linesOf = (later: number): string[] =>
  readFromProject(`${FOLDER}/items.jsonl`)
    .trim()
    .replace(/(?<=[":]|\b00)1796\d{9}\b/g, (time) => String(Number(time) + later))
    .replace(/(?<="ttl":\{"N":")\d+/g, (seconds) => String(Number(seconds) + Math.ceil(later / 1_000)))
    .split('\n');
