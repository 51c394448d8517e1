import { type MetricDefinitions, prometheusName } from '../src/adapters/telemetry/prometheus-meter.ts';
import { contexts } from '../src/entrypoints/composition/contexts.ts';
import { diskMetrics } from '../src/entrypoints/composition/disk.ts';
import { coreSettings } from '../src/entrypoints/config/core.ts';
import type { Settings } from '../src/entrypoints/config/settings.ts';
import { generalProblems, type ProblemTable } from '../src/entrypoints/http/problems.ts';

/** The rows of the tables of one page, by the heading above them. */
export type Tables = Readonly<Record<string, readonly string[]>>;

/** The tables of the pages that repeat what the code says. */
export const docTables: Readonly<Record<string, Tables>> = {
  'docs/errors.md': {
    Everywhere: problemRows(generalProblems),
    ...withRows(contexts.map(({ name, problems }) => [headingOf(name), problemRows(problems)])),
  },
  'docs/config.md': {
    Service: settingRows(coreSettings),
    ...withRows(contexts.map(({ name, settings }) => [headingOf(name), settingRows(settings)])),
  },
  'docs/metrics.md': Object.fromEntries(
    [...contexts, { name: 'disk', metrics: diskMetrics }].flatMap(({ name, metrics }) =>
      metrics ? [[headingOf(name), metricRows(metrics)]] : [],
    ),
  ),
};

/** The rows of the tables that stand in a page, without the tables' heads. */
export function tablesIn(markdown: string): Tables {
  const sections = markdown.split(/^## /m).slice(1);
  const tables = sections.map((section): [string, string[]] => {
    const [heading = '', ...lines] = section.split('\n');
    return [heading, lines.filter((line) => line.startsWith('|')).slice(2)];
  });
  return withRows(tables);
}

function withRows(tables: readonly (readonly [string, readonly string[]])[]): Tables {
  return Object.fromEntries(tables.filter(([, rows]) => rows.length > 0));
}

function problemRows(table: ProblemTable): string[] {
  return Object.entries(table).map(([code, { status, title, advice }]) =>
    row(`\`${code}\``, `${status}`, title, advice),
  );
}

function settingRows(settings: Settings): string[] {
  return Object.entries(settings).map(([name, { fallback, meaning }]) =>
    row(`\`${name}\``, fallback === undefined ? '' : `\`${fallback}\``, meaning),
  );
}

function metricRows(metrics: MetricDefinitions): string[] {
  return Object.entries(metrics).map(([name, metric]) =>
    row(`\`${name}\``, `\`${prometheusName(name, metric)}\``, metric.type, metric.meaning, metric.recorded),
  );
}

/** `votes` as it is written above a table. */
function headingOf(name: string): string {
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

function row(...cells: readonly string[]): string {
  return `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell.replaceAll('|', '\\|')} `)).join('|')}|`;
}
