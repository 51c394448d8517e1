import type { HttpAnswer } from '../helpers/http.ts';

/** What belongs to a connection or to whoever stands in front, not to the answer. */
const OF_THE_CONNECTION = /^(connection|keep-alive|transfer-encoding|date|server|via|apigw-requestid|x-amzn?-.*)$/;

const ULID = /\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g;
/** A request is called as Lambda calls it where a function answers. */
const ID_OF_LAMBDA = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/g;
/** Figures that depend on the moment. */
const MOMENTARY =
  /"(ageSeconds|lagMs|oldestPendingAgeMs|newestPendingAgeMs|oldestDueAgeMs|throughputPerSecond|retryAfterMs|resetSeconds)":[\d.]+/g;
/** Counted by whoever reads the stream, which is somebody in the stack alone. */
const COUNTED = /"counters":\{[^}]*\}(,"approximate":\[[^\]]*\])?/g;
/** A key has a name of its own in each deployment. */
const BY_KEY = /"(closedBy|by)":"(?!schedule")[^"]+"/g;
const SUBJECTS_OF_KEY = /"subjects":\["key:[^"]+"\]/g;
const FENCE = /"fence":"[\w-]{22}"/g;
const CURSOR = /"nextCursor":"[^"]+"/g;
/** One vote or many go into a tally at once. */
const REVISION = /"revision":[1-9]\d*/g;
/** Has the moment at which the poll was made, and the revision of its tally or, while that is hidden, the turnout. */
const ETAG_OF_RESULTS = /^"[0-9a-z]{8}-(?:((?:hidden)?0)|(hidden)?[1-9]\d*)-/;

/** Of the settings of a queue, and of a stock, with the moment at which it was put. */
const ETAG_OF_QUEUE = /^"[0-9a-f-]{36}"$/;
const ETAG_OF_STOCK = /^("[\d.]+-[A-Z]{3}-)\d{13}"$/;

/** Of a limit: the moment at which it was put. */
const ETAG_OF_LIMIT = /^"\d{13}"$/;
/** When more is there, in a `RateLimit` field. */
const MORE_IN = /;t=\d+/g;

/** Of a file, with the time of its last change. */
const ETAG_OF_FILE = /^W\/"[0-9a-f]+-[0-9a-f]+"$/;
const TIME_IN_HEADERS = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/;

const DAY_MS = 86_400_000;

/**
 * The answers of a scenario without what differs from one run to the next: ids that were made become numbers in the
 * order in which they appear, so that it still shows where the same one stands, and moments of today become `<now>`.
 */
export function comparable(answers: readonly HttpAnswer[]): HttpAnswer[] {
  const ids = new Map<string, string>();
  const numbered = (id: string): string => {
    const known = ids.get(id) ?? `<id ${ids.size + 1}>`;
    ids.set(id, known);
    return known;
  };
  const timeless = (text: string): string =>
    text
      .replace(ULID, numbered)
      .replace(ID_OF_LAMBDA, numbered)
      .replace(TIME, (time) => (Math.abs(Date.parse(time) - Date.now()) < DAY_MS ? '<now>' : time))
      .replace(MOMENTARY, '"$1":0')
      .replace(COUNTED, '"counters":"<counted>"')
      .replace(BY_KEY, '"$1":"<key>"')
      .replace(SUBJECTS_OF_KEY, '"subjects":["<key>"]')
      .replace(FENCE, '"fence":"<fence>"')
      .replace(CURSOR, '"nextCursor":"<cursor>"')
      .replace(REVISION, '"revision":1')
      .replace(ETAG_OF_QUEUE, '<version of the queue>')
      .replace(ETAG_OF_STOCK, '$1<now>"')
      .replace(ETAG_OF_LIMIT, '<version of the limit>')
      .replace(MORE_IN, ';t=<seconds>')
      .replace(ETAG_OF_RESULTS, (_, zero, hidden = '') => `"<made>-${zero ?? `${hidden}1`}-`)
      .replace(ETAG_OF_FILE, '<version of the file>')
      .replace(TIME_IN_HEADERS, '<time>');
  return answers.map(({ status, headers, body }) => {
    const kept = Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.test(name));
    const hasLength =
      headers['content-length'] === String(Buffer.byteLength(body)) || headers['transfer-encoding'] === 'chunked';
    const length = hasLength ? { 'content-length': '<right>' } : {};
    return {
      status,
      headers: {
        ...Object.fromEntries(kept.map(([name, value]) => [name, timeless(String(value))])),
        ...length,
      },
      body: timeless(body),
    };
  });
}
