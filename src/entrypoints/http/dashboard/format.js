const integers = new Intl.NumberFormat('en');
const oneDecimal = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const percents = new Intl.NumberFormat('en', {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const instants = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const moments = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** @param {number} count */
export const formatCount = (count) => integers.format(count);

/** @param {number} count */
export const formatVotes = (count) => `${integers.format(count)} ${count === 1 ? 'vote' : 'votes'}`;

/** @param {number} share a fraction */
export const formatShare = (share) => percents.format(share);

/** @param {number} rate per second */
export const formatRate = (rate) => (rate >= 100 ? integers.format(Math.round(rate)) : oneDecimal.format(rate));

/** @param {number} ms */
export function formatDuration(ms) {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${oneDecimal.format(ms / 1_000)} s`;
  if (ms < 100_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 6_000_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 360_000_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${integers.format(Math.round(ms / 86_400_000))} days`;
}

/** @param {string} iso the time of day, in the viewer's zone */
export const formatClock = (iso) => clock.format(new Date(iso));

/** @param {string} iso date and time, in the viewer's zone, which is named by its offset */
export const formatMoment = (iso) => `${moments.format(new Date(iso))} ${formatOffset(Date.parse(iso))}`;

/**
 * How far the viewer's clocks are ahead of UTC, such as UTC+5:30.
 *
 * @param {number} at epoch ms
 */
export function formatOffset(at) {
  const ahead = -new Date(at).getTimezoneOffset();
  const minutes = Math.abs(ahead) % 60;
  const hours = Math.floor(Math.abs(ahead) / 60);
  const rest = minutes === 0 ? '' : `:${String(minutes).padStart(2, '0')}`;
  return ahead === 0 ? 'UTC' : `UTC${ahead < 0 ? '−' : '+'}${hours}${rest}`;
}

/** @param {string} iso date and time to the second, in the viewer's zone */
export const formatInstant = (iso) => instants.format(new Date(iso));
