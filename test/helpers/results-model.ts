/** What is read of an answer of `GET /polls/{pollId}/results`. */
export interface ResultsAnswer {
  readonly ballots: number;
  readonly total: number;
  readonly revision: number;
  readonly completeUpTo: string;
  readonly stale: boolean;
  readonly staleAfterSeconds: number;
  readonly final: boolean;
}

/** The `Date` of an answer is cut to whole seconds, so a moment may be named up to a second late. */
const DATE_MS = 1_000;

/**
 * Keeps its own books of a poll and holds every answer to them: no results are wrong without saying so. Times are those of
 * the machine on which the store runs.
 */
export class ResultsModel {
  /** What was wrong, a sentence for each. */
  readonly lies: string[] = [];
  /** The oldest that any answer was. */
  worstAgeMs = 0;
  private sent = 0;
  private readonly answered: number[] = [];
  private best = { ballots: 0, revision: 0, completeUpTo: 0 };

  get accepted(): number {
    return this.answered.length;
  }

  /** A vote is about to be sent for the first time. */
  voteSent(): void {
    this.sent++;
  }

  /** A vote was answered with 201. */
  voteAnswered(): void {
    this.answered.push(Date.now());
  }

  /** Asks for results and checks the answer; an error tells nothing, and is no lie. */
  async check(read: () => Promise<ResultsAnswer | undefined>): Promise<ResultsAnswer | undefined> {
    const before = this.best;
    const askedAt = Date.now();
    const answer = await read();
    if (!answer) return undefined;
    const completeUpTo = Date.parse(answer.completeUpTo);
    const say = (lie: string) => this.lies.push(`${lie}: ${JSON.stringify(answer)}`);

    const counted = this.answered.filter((at) => at < completeUpTo).length;
    if (answer.ballots < counted) say(`${counted} votes were answered before completeUpTo`);
    if (answer.ballots > this.sent) say(`only ${this.sent} votes were sent`);
    if (answer.total !== answer.ballots) say('every ballot has one vote');
    if (answer.ballots < before.ballots) say(`there were ${before.ballots} ballots before`);
    if (answer.revision < before.revision) say(`the revision was ${before.revision} before`);
    if (completeUpTo < before.completeUpTo) say('completeUpTo fell');
    if (completeUpTo > Date.now()) say('completeUpTo lies in the future');
    const ageMs = askedAt - completeUpTo;
    if (!answer.final) this.worstAgeMs = Math.max(this.worstAgeMs, ageMs);
    if (!answer.final && !answer.stale && ageMs > answer.staleAfterSeconds * 1_000 + DATE_MS) say('it is stale');
    this.best = {
      ballots: Math.max(this.best.ballots, answer.ballots),
      revision: Math.max(this.best.revision, answer.revision),
      completeUpTo: Math.max(this.best.completeUpTo, completeUpTo),
    };
    return answer;
  }
}
