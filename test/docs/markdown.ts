import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const PROJECT = resolve(import.meta.dirname, '../..');

export const readDoc = (path: string): string => readFileSync(resolve(PROJECT, path), 'utf8');

/** The rows of the tables of a document as they stand there, by the heading above them, without the tables' heads. */
export function tableRows(markdown: string): Record<string, string[]> {
  const rows: Record<string, string[]> = {};
  for (const section of markdown.split(/^## /m).slice(1)) {
    const [heading = '', ...lines] = section.split('\n');
    const table = lines.filter((line) => line.startsWith('|'));
    if (table.length > 0) rows[heading] = table.slice(2);
  }
  return rows;
}

export const tableRow = (...cells: readonly string[]): string =>
  `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell.replaceAll('|', '\\|')} `)).join('|')}|`;

/** `votes` as it is written above a table. */
export const headingOf = (name: string): string => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
