import { Problem, request, serviceUrl } from '../service.js';
import { delay, jittered } from '../time.js';
import { resultsPath } from './polls.js';
import { StreamSeat } from './stream-seat.js';

/**
 * @import { Results } from './polls.js'
 *
 * @typedef {'connecting' | 'live' | 'polling' | 'lost'} Connection
 *
 * @typedef {object} Viewer
 * @property {(results: Results) => void} onResults called with each state, and again when it is found to be still so
 * @property {(connection: Connection, problem?: Problem) => void} onConnection
 * @property {(problem: Problem) => void} onGone the results cannot be followed at all, such as those of an unknown poll
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
 * Follows the results of a poll until the signal ends: by server-sent events, or by polling where there are none, where
 * another window of this browser has them, and once the poll is over.
 *
 *     ask until answered ─→ stream ─ ends or brings nothing ─→ ask until answered ─→ …
 *                             └ twice in a row nothing ─→ poll for a minute ─→ …
 *                                     └ and none was ever opened ─→ poll
 */
export class ResultsFeed {
  /** The last answer that was asked for; a 304 says that it holds again. @type {{ etag: string, results: Results } | undefined} */
  #answer;
  /** The newest results, asked for or streamed. @type {Results | undefined} */
  #newest;
  #hasOpened = false;
  #emptyStreams = 0;
  /** Before this time no stream is tried. */
  #streamsFrom = 0;
  /** How often in a row results that are over were found to be still so. */
  #rests = 0;
  #endStream = () => {};
  #pollId;
  #viewer;
  #signal;
  #seat;

  /**
   * @param {string} pollId
   * @param {Viewer} viewer
   * @param {AbortSignal} signal
   */
  constructor(pollId, viewer, signal) {
    this.#pollId = pollId;
    this.#viewer = viewer;
    this.#signal = signal;
    this.#seat = new StreamSeat(() => this.#endStream(), signal);
  }

  async run() {
    try {
      await this.#askUntilAnswered();
      while (!this.#signal.aborted) {
        const mayStream = !this.#isOver && performance.now() >= this.#streamsFrom;
        if (mayStream && (await this.#seat.take())) await this.#followStream();
        else await this.#poll();
      }
    } catch (error) {
      if (this.#signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      this.#viewer.onGone(error);
    }
  }

  /** Whether no vote can come any more. Older services do not say whether all are counted. */
  get #isOver() {
    return this.#newest?.status === 'closed' && this.#newest.final !== false;
  }

  /**
   * @returns {Promise<boolean>} whether there are other results than the ones shown
   * @throws {Problem} that does not pass
   */
  async #askUntilAnswered() {
    for (let failures = 0; !this.#signal.aborted; failures++) {
      try {
        const hasChanged = await this.#ask();
        if (failures > 0) this.#viewer.onConnection('connecting');
        return hasChanged;
      } catch (error) {
        if (this.#signal.aborted || !(error instanceof Problem && error.isPassing)) throw error;
        this.#answer = undefined;
        this.#viewer.onConnection('lost', error);
        const pause = jittered(Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** failures));
        await delay(Math.max(pause, error.retryAfterMs), this.#signal);
      }
    }
    return false;
  }

  /**
   * Asks for the results once.
   *
   * @returns {Promise<boolean>} whether they are other than the ones shown
   * @throws {Problem}
   */
  async #ask() {
    const [answer, newest] = [this.#answer, this.#newest];
    const { headers, body } = await request('GET', resultsPath(this.#pollId), {
      headers: answer ? { 'if-none-match': answer.etag } : {},
      signal: this.#signal,
    });
    // The stream overtook the answer.
    if (newest !== this.#newest) return false;
    const asOf = new Date(headers.get('date') ?? Date.now()).toISOString();
    const results = answer && body === undefined ? { ...answer.results, asOf } : /** @type {Results} */ (body);
    const etag = headers.get('etag');
    this.#answer = etag === null ? undefined : { etag, results };
    this.#accept(results);
    return versionOf(results) !== versionOf(newest);
  }

  /** @param {Results} results */
  #accept(results) {
    if (this.#signal.aborted) return;
    this.#newest = results;
    this.#viewer.onResults(results);
  }

  /** @returns {Promise<boolean>} whether it brought anything, once it has ended */
  #stream() {
    return new Promise((resolve) => {
      const source = new EventSource(serviceUrl(`${resultsPath(this.#pollId)}/events`));
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
        this.#accept(results);
        this.#viewer.onConnection('live');
        if (this.#isOver) end();
        else listen();
      });
      source.addEventListener('error', end);
      this.#endStream = end;
      this.#signal.addEventListener('abort', end);
      listen();
    });
  }

  /** @throws {Problem} that does not pass */
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
    await this.#askUntilAnswered();
    if (performance.now() >= this.#streamsFrom) await delay(jittered(1_000), this.#signal);
  }

  /** @throws {Problem} that does not pass */
  async #poll() {
    this.#viewer.onConnection('polling');
    const restMs = Math.min(LONGEST_REST_MS, POLL_INTERVAL_MS * 2 ** this.#rests);
    await delay(this.#isOver ? restMs : POLL_INTERVAL_MS, this.#signal);
    const hasChanged = await this.#askUntilAnswered();
    this.#rests = this.#isOver && !hasChanged ? this.#rests + 1 : 0;
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
