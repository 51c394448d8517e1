const DAY_MS = 86_400_000;
const INSTANT = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2}))?$/;

/**
 * An instant of ISO 8601 in epoch ms: a date (its midnight in UTC), or a date and time with `Z` or an offset.
 *
 * @returns undefined for everything else, also for a day that no calendar has
 */
export function instantIn(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] =
    INSTANT.exec(value) ?? [];
  if (year === undefined) return undefined;
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  const [, sign, zoneHours = '0', zoneMinutes = '0'] = /^([+-])(\d{2}):(\d{2})$/.exec(zone) ?? [];
  if (h > 23 || m > 59 || s > 59 || Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return undefined;
  const days = daysSinceEpoch(Number(year), Number(month), Number(day));
  if (days === undefined) return undefined;
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -1 : 1);
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'));
  return days * DAY_MS + ((h * 60 + m - offset) * 60 + s) * 1_000 + ms;
}

/** In the Gregorian calendar, with years from 0 to 9999. */
function daysSinceEpoch(year: number, month: number, day: number): number | undefined {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (day < 1 || day > (lengths[month - 1] ?? 0)) return undefined;
  const before = lengths.slice(0, month - 1).reduce((sum, length) => sum + length, 0);
  return daysBeforeYear(year) - daysBeforeYear(1970) + before + day - 1;
}

const daysBeforeYear = (year: number): number => {
  const past = year - 1;
  return year * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
};
