import { batch, computed, signal } from '../packages.js';
import { Problem, request, serviceUrl } from '../service.js';
import { delay, pauseMs } from '../time.js';
import { isCounting, readPoll, resultsPath } from './polls.js';
import { StreamSeat } from './stream-seat.js';

/** @import { Poll, Results } from './polls.js' */

/** A stream sends its first event at once. One that does not is held back by something in between. */
const FIRST_EVENT_MS = 5_000;
/** A stream is silent while nothing changes, and also when the line is dead: after this long we ask which. */
const QUIET_MS = 15_000;
const POLL_INTERVAL_MS = 2_000;
/** How long results are polled before a stream is tried again, if one was ever opened: some services have none. */
const POLLING_MS = 60_000;
/** Results that are over change with a recount alone. */
const LONGEST_REST_MS = 60_000;

/**
 * A poll and its results, followed while somebody sees the page: by server-sent events, or by polling where there are
 * none, where another window of this browser has them, and once the poll is over.
 *
 *     ask ─→ stream ─ ends or brings nothing ─→ ask ─→ …
 *      │       └ twice in a row nothing: no stream for a minute, or for good if none was ever opened
 *      ├───→ no stream: rest ─→ ask ─→ …
 *      └───→ no answer: pause ─→ ask ─→ …
 */
export class WatchedPoll {
  poll = signal(/** @type {Poll | undefined} */ (undefined));
  results = signal(/** @type {Results | undefined} */ (undefined));
  /** When the tally was read that the results tell of, and when that was known here, by `performance.now()`. */
  asOf = signal({ iso: '', at: 0 });
  /** When the tally last changed while it was watched, by `performance.now()`. */
  movedAt = signal(Number.NEGATIVE_INFINITY);
  /** How the results come, unless there is a problem. */
  connection = signal(/** @type {'connecting' | 'live' | 'polling'} */ ('connecting'));
  /** Why the results cannot be had, if so. */
  problem = signal(/** @type {Problem | undefined} */ (undefined));
  status = computed(() => this.results.value?.status ?? this.poll.value?.status);
  /** Whether what is shown is of now. */
  isTrusted = computed(() => !this.problem.value && this.connection.value !== 'connecting');

  /** One run follows the poll at a time, until its signal ends. */
  #run = Promise.resolve();
  #ending = new AbortController();
  #signal = this.#ending.signal;
  #seat;
  #endStream = () => {};
  /** The last answer that was asked for; a 304 says that it holds again. @type {{ etag: string, results: Results } | undefined} */
  #answer;
  /** The state of the results for which the poll was read. @type {string | undefined} */
  #readFor;
  #hasOpened = false;
  /** Whether the last stream brought nothing. */
  #wasEmpty = false;
  /** Before this time no stream is tried. */
  #streamsFrom = 0;
  /** How often in a row results that are over were found to be still so. */
  #rests = 0;

  /**
   * @param {string} pollId
   * @param {AbortSignal} until ends it
   */
  constructor(pollId, until) {
    this.pollId = pollId;
    this.#seat = new StreamSeat(() => this.#endStream(), until);
    // A page that nobody sees holds no connection: browsers allow few to one host, over all their tabs.
    document.addEventListener('visibilitychange', () => this.follow(), { signal: until });
    until.addEventListener('abort', () => this.#ending.abort());
    this.follow();
  }

  /** Begins to follow it anew, with what the service knows now. */
  follow() {
    this.#ending.abort();
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    if (document.hidden && this.poll.value) this.connection.value = 'connecting';
    else this.#run = this.#run.then(() => this.#follow(signal));
  }

  /** @param {AbortSignal} signal ends it */
  async #follow(signal) {
    this.#signal = signal;
    this.#answer = undefined;
    this.#readFor = undefined;
    this.#rests = 0;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#readPoll();
        // A window that was opened behind others has a title at least.
        if (document.hidden) return;
        const hasChanged = await this.#ask();
        await this.#readPoll();
        failures = 0;
        const mayStream = !this.#isOver && performance.now() >= this.#streamsFrom;
        if (mayStream && (await this.#seat.take(signal))) await this.#followStream();
        else if (!signal.aborted) {
          this.connection.value = 'polling';
          this.#rests = this.#isOver && !hasChanged ? this.#rests + 1 : 0;
          await delay(Math.min(LONGEST_REST_MS, POLL_INTERVAL_MS * 2 ** this.#rests), signal);
        }
      } catch (problem) {
        if (signal.aborted) return;
        if (!(problem instanceof Problem)) throw problem;
        this.#answer = undefined;
        batch(() => {
          this.problem.value = problem;
          this.connection.value = 'connecting';
        });
        if (!problem.isPassing) return;
        await delay(Math.max(pauseMs(failures++), problem.retryAfterMs), signal);
      }
    }
  }

  /** Whether no vote can come any more, and all are counted. */
  get #isOver() {
    const results = this.results.peek();
    return results?.status === 'closed' && !isCounting(results);
  }

  /** Reads the poll to begin with, and whenever it is over in another way: then it says how that came about. */
  async #readPoll() {
    const state = this.#isOver ? versionOf(this.results.peek()) : 'going on';
    if (state === this.#readFor) return;
    // One that was over to begin with has said how already.
    const isSaid = this.#readFor === 'going on' && this.poll.value?.final;
    if (!isSaid) this.poll.value = await readPoll(this.pollId, this.#signal);
    this.#readFor = state;
  }

  /** @returns {Promise<boolean>} whether the results are other than before */
  async #ask() {
    const [answer, before] = [this.#answer, this.results.peek()];
    const { headers, body } = await request('GET', resultsPath(this.pollId), {
      headers: answer ? { 'if-none-match': answer.etag } : {},
      signal: this.#signal,
    });
    // The stream overtook the answer.
    if (before !== this.results.peek()) return false;
    const holdsAgain = answer && body === undefined;
    const results = holdsAgain ? answer.results : /** @type {Results} */ (body);
    const etag = headers.get('etag');
    this.#answer = etag === null ? undefined : { etag, results };
    this.#know(results, holdsAgain ? new Date(headers.get('date') ?? Date.now()).toISOString() : results.asOf);
    return versionOf(results) !== versionOf(before);
  }

  /**
   * @param {Results} results
   * @param {string} iso when the tally was read
   */
  #know(results, iso) {
    const before = this.results.peek();
    batch(() => {
      if (before && before.revision !== results.revision) this.movedAt.value = performance.now();
      this.results.value = results;
      this.asOf.value = { iso, at: performance.now() };
      this.problem.value = undefined;
    });
  }

  async #followStream() {
    const isEmpty = !(await this.#stream()) && !this.#signal.aborted;
    this.#seat.leave();
    if (isEmpty && this.#wasEmpty)
      this.#streamsFrom = this.#hasOpened ? performance.now() + POLLING_MS : Number.POSITIVE_INFINITY;
    this.#wasEmpty = isEmpty;
    // Whatever comes next may be another process with a count of its own.
    this.#answer = undefined;
  }

  /** @returns {Promise<boolean>} whether it brought anything, once it has ended */
  #stream() {
    return new Promise((resolve) => {
      const source = new EventSource(serviceUrl(`${resultsPath(this.pollId)}/events`));
      const signal = this.#signal;
      let delivered = false;
      /** @type {ReturnType<typeof setTimeout> | undefined} */
      let timer;
      const end = () => {
        clearTimeout(timer);
        source.close();
        signal.removeEventListener('abort', end);
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
        if (isOlder(results, this.results.peek())) return end();
        batch(() => {
          this.#know(results, results.asOf);
          this.connection.value = 'live';
        });
        if (this.#isOver) end();
        else listen();
      });
      source.addEventListener('error', end);
      this.#endStream = end;
      signal.addEventListener('abort', end);
      listen();
    });
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
