const DATE = '\\d{4}-\\d{2}-\\d{2}';
const HOUR = '(?:[01]\\d|2[0-3])';
const SIXTIETH = '[0-5]\\d';

/** Times of ISO 8601 with their offset; seconds may be left out. That the date is in the calendar, no pattern can tell. */
export const TIME_PATTERN = `^(${DATE})[Tt ](${HOUR}:${SIXTIETH})(?::(${SIXTIETH}(?:[.,]\\d+)?))?(?:[Zz]|([+-]${HOUR})(?::?(${SIXTIETH}))?)$`;

const PATTERN = new RegExp(TIME_PATTERN);
/** Years 0000 to 9999. */
const [FIRST, LAST] = [Date.parse('0000-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];

/** @returns epoch ms, undefined unless the text has the form of a time and is one in the years 0000 to 9999 UTC */
export function parseTime(text: string): number | undefined {
  const [, date = '', minute, second = '00', offsetHour = '+00', offsetMinute = '00'] = PATTERN.exec(text) ?? [];
  const time = Date.parse(`${date}T${minute}:${second.replace(',', '.')}${offsetHour}:${offsetMinute}`);
  const day = Date.parse(`${date}T00:00:00Z`);
  // The engine takes 30 February for 2 March.
  const isInCalendar = !Number.isNaN(day) && new Date(day).toISOString().startsWith(date);
  return isInCalendar && time >= FIRST && time <= LAST ? time : undefined;
}
