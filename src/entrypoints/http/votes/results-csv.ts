import type { Results } from '../../../domain/votes/read-results.ts';

interface MediaRange {
  readonly range: string;
  readonly quality: number;
}

/** The ranges of an `Accept` header (RFC 9110 §12.5.1). A weight that is none counts as 1. */
const rangesIn = (accept: string): MediaRange[] =>
  accept.split(',').map((part) => {
    const [range = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const weight = parameters.map((parameter) => /^q *= *(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(parameter)?.[1]);
    return { range, quality: Number(weight.find((text) => text !== undefined) ?? 1) };
  });

/**
 * Whether a client would rather have CSV than JSON. Of two that it wants alike, the one that it names exactly comes
 * first, then the one that it names first, then JSON.
 */
export function prefersCsv(accept = ''): boolean {
  const ranges = rangesIn(accept);
  const wishFor = (type: string) => {
    for (const [specificity, pattern] of [type, type.replace(/[^/]*$/, '*'), '*/*'].entries()) {
      const place = ranges.findIndex(({ range }) => range === pattern);
      const found = ranges[place];
      if (found) return { quality: found.quality, specificity, place };
    }
    return { quality: 0, specificity: 0, place: 0 };
  };
  const [csv, json] = [wishFor('text/csv'), wishFor('application/json')];
  const order = json.quality - csv.quality || csv.specificity - json.specificity || csv.place - json.place;
  return csv.quality > 0 && order < 0;
}

/** RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe. */
const cell = (value: string | number | null): string => {
  const text = String(value ?? '');
  const harmless = /^[=+\-@＝＋－＠\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};

/** A line of a table. */
export const csvRow = (cells: readonly (string | number | null)[]): string => `${cells.map(cell).join(',')}\r\n`;

/** The choices as a table; figures that are hidden are empty. */
export const resultsCsv = ({ choices }: Results): string =>
  [['choice', 'votes', 'share'], ...choices.map(({ choice, votes, share }) => [choice, votes, share])]
    .map(csvRow)
    .join('');
