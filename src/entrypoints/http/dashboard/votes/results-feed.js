import { batch } from '../packages.js';
import { Problem, request, serviceUrl } from '../service.js';
import { delay, jittered } from '../time.js';
import { isCounting, readPoll, resultsPath } from './polls.js';
import { StreamSeat } from './stream-seat.js';

/**
 * @import { Results } from './polls.js'
 * @import { WatchedPoll } from './watched-poll.js'
 */

/** A stream sends its first event at once. One that does not is held back by something in between. */
const FIRST_EVENT_MS = 5_000;
/** A stream is silent while nothing changes, and also when the line is dead: after this long we ask which. */
const QUIET_MS = 15_000;
/** After so many streams in a row that brought nothing, the results are polled. */
const STREAM_ATTEMPTS = 2;
const POLL_INTERVAL_MS = 2_000;
/** How long results are polled before a stream is tried again, if one was ever opened: some services have none. */
const POLLING_MS = 60_000;
const LONGEST_PAUSE_MS = 5_000;
/** Results that are over change with a recount alone. */
const LONGEST_REST_MS = 60_000;

/**
 * Follows a poll until the signal ends: by server-sent events, or by polling where there are none, where another window
 * of this browser has them, and once the poll is over.
 *
 *     ask ─→ stream ─ ends or brings nothing ─→ ask ─→ …
 *      │       └ twice in a row nothing: none for a minute, or for good if none was ever opened
 *      ├───→ no stream: rest ─→ ask ─→ …
 *      └───→ no answer: pause ─→ ask ─→ …
 */
export class ResultsFeed {
  /** The last answer that was asked for; a 304 says that it holds again. @type {{ etag: string, results: Results } | undefined} */
  #answer;
  /** The state of the results for which the poll was read. @type {string | undefined} */
  #readFor;
  #hasOpened = false;
  #emptyStreams = 0;
  /** Before this time no stream is tried. */
  #streamsFrom = 0;
  /** How often in a row results that are over were found to be still so. */
  #rests = 0;
  #endStream = () => {};
  #watched;
  #signal;
  #seat;

  /**
   * @param {WatchedPoll} watched which is told what becomes known
   * @param {AbortSignal} signal
   */
  constructor(watched, signal) {
    this.#watched = watched;
    this.#signal = signal;
    this.#seat = new StreamSeat(() => this.#endStream(), signal);
  }

  async run() {
    for (let failures = 0; !this.#signal.aborted; ) {
      try {
        await this.#readPoll();
        const hasChanged = await this.#ask();
        await this.#readPoll();
        failures = 0;
        const mayStream = !this.#isOver && performance.now() >= this.#streamsFrom;
        if (mayStream && (await this.#seat.take())) await this.#followStream();
        else await this.#rest(hasChanged);
      } catch (error) {
        if (this.#signal.aborted) return;
        if (!(error instanceof Problem)) throw error;
        this.#answer = undefined;
        this.#watched.lose(error);
        if (!error.isPassing) return;
        const pause = jittered(Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** failures++));
        await delay(Math.max(pause, error.retryAfterMs), this.#signal);
      }
    }
  }

  get #newest() {
    return this.#watched.results.peek();
  }

  /** Whether no vote can come any more. */
  get #isOver() {
    return this.#newest?.status === 'closed' && !isCounting(this.#newest);
  }

  /** Reads the poll to begin with, and whenever it is over in another way: then it says how that came about. */
  async #readPoll() {
    const state = this.#isOver ? versionOf(this.#newest) : 'going on';
    if (state === this.#readFor) return;
    this.#watched.poll.value = await readPoll(this.#watched.pollId, this.#signal);
    this.#readFor = state;
  }

  /** @returns {Promise<boolean>} whether the results are other than before */
  async #ask() {
    const [answer, newest] = [this.#answer, this.#newest];
    const { headers, body } = await request('GET', resultsPath(this.#watched.pollId), {
      headers: answer ? { 'if-none-match': answer.etag } : {},
      signal: this.#signal,
    });
    // The stream overtook the answer.
    if (newest !== this.#newest || this.#signal.aborted) return false;
    const holdsAgain = answer && body === undefined;
    const results = holdsAgain ? answer.results : /** @type {Results} */ (body);
    const etag = headers.get('etag');
    this.#answer = etag === null ? undefined : { etag, results };
    const now = new Date(headers.get('date') ?? Date.now()).toISOString();
    this.#watched.know(results, holdsAgain ? now : results.asOf);
    return versionOf(results) !== versionOf(newest);
  }

  /** @returns {Promise<boolean>} whether it brought anything, once it has ended */
  #stream() {
    return new Promise((resolve) => {
      const source = new EventSource(serviceUrl(`${resultsPath(this.#watched.pollId)}/events`));
      let delivered = false;
      /** @type {ReturnType<typeof setTimeout> | undefined} */
      let timer;
      const end = () => {
        clearTimeout(timer);
        source.close();
        this.#signal.removeEventListener('abort', end);
        resolve(delivered);
      };
      const listen = () => {
        clearTimeout(timer);
        timer = delivered ? setTimeout(checkLine, QUIET_MS) : setTimeout(end, FIRST_EVENT_MS);
      };
      const checkLine = async () => {
        const missedSome = await this.#ask().catch((error) => {
          if (!(error instanceof Problem)) throw error;
          return true;
        });
        if (source.readyState === EventSource.CLOSED) return;
        if (missedSome) end();
        else listen();
      };
      source.addEventListener('open', () => {
        this.#hasOpened = true;
      });
      source.addEventListener('results', ({ data }) => {
        const results = /** @type {Results} */ (JSON.parse(data));
        delivered = true;
        // Late, or of a store that began anew: asking tells which.
        if (isOlder(results, this.#newest)) return end();
        batch(() => {
          this.#watched.know(results);
          this.#watched.connection.value = 'live';
        });
        if (this.#isOver) end();
        else listen();
      });
      source.addEventListener('error', end);
      this.#endStream = end;
      this.#signal.addEventListener('abort', end);
      listen();
    });
  }

  async #followStream() {
    const hasDelivered = await this.#stream();
    this.#seat.leave();
    this.#emptyStreams = hasDelivered ? 0 : this.#emptyStreams + 1;
    if (this.#emptyStreams === STREAM_ATTEMPTS) {
      this.#emptyStreams -= 1;
      this.#streamsFrom = this.#hasOpened ? performance.now() + POLLING_MS : Number.POSITIVE_INFINITY;
    }
    // Whatever comes next may be another process with a count of its own.
    this.#answer = undefined;
  }

  /** @param {boolean} hasChanged whether there were other results than before */
  async #rest(hasChanged) {
    if (this.#signal.aborted) return;
    this.#watched.connection.value = 'polling';
    this.#rests = this.#isOver && !hasChanged ? this.#rests + 1 : 0;
    await delay(Math.min(LONGEST_REST_MS, POLL_INTERVAL_MS * 2 ** this.#rests), this.#signal);
  }
}

/** @param {Results | undefined} results */
const versionOf = (results) => [results?.revision, results?.status, results?.stale, results?.final].join();

/**
 * Revisions only rise, with a recount too, so that an older one counts less or something else.
 *
 * @param {Results} results
 * @param {Results | undefined} shown
 */
const isOlder = ({ revision }, shown) => revision !== null && revision < (shown?.revision ?? 0);
