import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../test/helpers/fakes.ts';
import { ServiceError, UsageError } from './errors.ts';
import { type Answer, describe, HttpClient, NoAnswerError } from './http-client.ts';
import { percentage, readOptions, serviceUrl, wholeNumber } from './options.ts';
import { grouped, Latencies, showProgress } from './progress.ts';
import type { Scenario } from './scenario.ts';
import { type PlannedVote, planSends, planVotes, type VoteMix } from './votes-plan.ts';
import { callOf, madeUpNumber, type VoteTarget } from './votes-requests.ts';
import { type Audit, type Poll, type Results, VotesService } from './votes-service.ts';

const MAX_VOTES = 5_000_000;
const TIMEOUT_MS = 10_000;
/** A voter who hangs up waits less than this. */
const HANG_UP_WITHIN_MS = 5;
/** A tally that seems complete is watched a little longer, since it could pass the mark. */
const SETTLED_MS = 1_000;

const usage = `Usage: npm run demo -- votes [options]

Sends made-up votes, as text messages (the webhook of Twilio) and as JSON, many of them more than once, and compares
what it sent with what the service reports. Ends with 0 only if the difference is 0.

  --url URL          the service (http://127.0.0.1:8080)
  --votes N          how many votes (2000)
  --clients N        how many requests are under way at once (20)
  --rate N           votes a second at most; 0 is as fast as it goes (0)
  --sms PERCENT      votes that come as a text message; the others come as JSON (50; 0 where texts must be signed and there
                     is no TWILIO_AUTH_TOKEN)
  --duplicates PCT   votes that are sent a second time, at once or a little later (5)
  --hang-ups PCT     votes whose sender hangs up before the answer and sends again (1)
  --unknown PCT      votes with a word that is not one of the choices (2)
  --wait SECONDS     how long an incomplete tally may stand still before it counts as final (30)
  --seed N           another number makes other votes in another order (1)
  --poll ID          the poll to vote in (colors)
  --new-poll         make a poll for this run, close it at the end and show its audit; needs a key
  --key KEY          an API key of the service, for --new-poll (environment: API_KEY)
  --help             this text

A request that fails, times out or is answered with a passing error (429, 5xx) is sent again with the same identity.
With TWILIO_AUTH_TOKEN in the environment the texts are signed, for the first PUBLIC_BASE_URL or else for the URL of the
service.
Each run has votes and voters of its own. It must be alone in its poll: other people's votes show as a difference.`;

const ADVICE_ON_SIGNATURES =
  'To send some, give this run the same TWILIO_AUTH_TOKEN and PUBLIC_BASE_URL as the service.';

type Options = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  const given = readOptions(args, {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    votes: { type: 'string', default: '2000' },
    clients: { type: 'string', default: '20' },
    rate: { type: 'string', default: '0' },
    sms: { type: 'string' },
    duplicates: { type: 'string', default: '5' },
    'hang-ups': { type: 'string', default: '1' },
    unknown: { type: 'string', default: '2' },
    wait: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    poll: { type: 'string' },
    'new-poll': { type: 'boolean', default: false },
    key: { type: 'string' },
  });
  const key = given.key ?? process.env.API_KEY;
  if (given['new-poll'] && given.poll !== undefined) throw new UsageError('Give either --poll or --new-poll.');
  if (given['new-poll'] && !key) throw new UsageError('--new-poll needs an API key: --key, or API_KEY.');
  const mix: VoteMix = {
    sms: percentage('sms', given.sms ?? '50'),
    duplicates: percentage('duplicates', given.duplicates),
    hangUps: percentage('hang-ups', given['hang-ups']),
    unknown: percentage('unknown', given.unknown),
  };
  const url = serviceUrl('url', given.url);
  return {
    url,
    votes: wholeNumber('votes', given.votes, 1, MAX_VOTES),
    clients: wholeNumber('clients', given.clients, 1, 10_000),
    rate: wholeNumber('rate', given.rate, 0, 1_000_000),
    waitMs: wholeNumber('wait', given.wait, 1, 3_600) * 1000,
    seed: wholeNumber('seed', given.seed, 0, 2 ** 32 - 1),
    mix,
    wantsTexts: given.sms !== undefined && mix.sms > 0,
    poll: given.poll ?? 'colors',
    newPollKey: given['new-poll'] ? key : undefined,
    twilio: twilioOf(process.env, url),
  };
}

function twilioOf(env: NodeJS.ProcessEnv, url: URL): VoteTarget['twilio'] {
  const authToken = env.TWILIO_AUTH_TOKEN?.split(',')[0]?.trim();
  if (!authToken) return undefined;
  const publicBaseUrl = (env.PUBLIC_BASE_URL || url.href).split(',')[0] as string;
  return { authToken, publicBaseUrl: publicBaseUrl.trim().replace(/\/+$/, '') };
}

export const votes: Scenario = {
  summary: 'votes by SMS and JSON, with duplicates and retries, and whether the tally is right',
  usage,
  run: async (args) => {
    const options = parse(args);
    const traffic = new Traffic();
    const client = new HttpClient(options.url, {
      connections: options.clients,
      timeoutMs: TIMEOUT_MS,
      onAnswer: (ms) => traffic.latencies.record(ms),
      onRetry: () => {
        traffic.retries++;
      },
    });
    try {
      return await voteAndCompare(options, client, traffic);
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      throw new ServiceError(`The service stopped answering (${error.message}). ${traffic}`);
    } finally {
      client.close();
    }
  },
};

/** What was sent, and what the service said to it. */
class Traffic {
  readonly latencies = new Latencies();
  /** Votes that were accepted, each counted once, by choice in the poll's order. */
  accepted: number[] = [];
  /** Votes that were refused, each counted once. */
  refused = 0;
  votes = 0;
  duplicates = 0;
  retries = 0;

  get sent(): number {
    return this.votes + this.duplicates + this.retries;
  }

  toString(): string {
    return `${grouped(this.sent)} sent, ${grouped(sum(this.accepted))} accepted`;
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** @returns the exit code */
async function voteAndCompare(given: Options, client: HttpClient, traffic: Traffic): Promise<number> {
  const service = new VotesService(client, given.url);
  const options = await withTextsThatAreTaken(given, service);
  const run = randomBytes(4).toString('hex');
  const smsNumber = madeUpNumber(run, MAX_VOTES);
  const poll = options.newPollKey
    ? await service.makePoll(options.newPollKey, `demo-${run}`, smsNumber)
    : await service.findPoll(options.poll);
  const before = await service.results(poll.pollId);
  checkUsable(poll, before, options);
  console.log(introduction(poll, options));

  traffic.accepted = poll.choices.map(() => 0);
  const target = { pollId: poll.pollId, smsNumber: poll.smsNumber ?? smsNumber, run, twilio: options.twilio };
  const begin = performance.now();
  await castVotes(poll, target, options, client, traffic);
  const end = performance.now();
  const complete = sum(votesIn(before)) + sum(traffic.accepted);
  const after = await completeResults(service, poll.pollId, complete, options.waitMs);
  const audit = options.newPollKey ? await service.close(poll.pollId, options.newPollKey) : undefined;
  return report(poll, before, after, audit, traffic, (end - begin) / 1000);
}

/**
 * Leaves the texts out where the service would refuse all of them.
 *
 * @throws ServiceError if they were asked for
 */
async function withTextsThatAreTaken(options: Options, service: VotesService): Promise<Options> {
  const { mix, twilio, wantsTexts } = options;
  if (mix.sms === 0 || twilio || (await service.takesUnsignedTexts())) return options;
  if (wantsTexts)
    throw new ServiceError(`The service takes signed texts alone (it answers 403).\n${ADVICE_ON_SIGNATURES}`);
  console.log(`No text messages in this run: the service takes signed ones alone. ${ADVICE_ON_SIGNATURES}\n`);
  return { ...options, mix: { ...mix, sms: 0 } };
}

/** @throws ServiceError or UsageError if a run in this poll could not be compared */
function checkUsable({ pollId, status, channels, smsNumber }: Poll, { hidden }: Results, { mix }: Options): void {
  if (status !== 'open') throw new ServiceError(`Poll "${pollId}" is ${status}, so that it takes no votes.`);
  if (hidden)
    throw new ServiceError(`Poll "${pollId}" hides its results until it closes; there is nothing to compare.`);
  if (mix.sms > 0 && !channels.includes('sms'))
    throw new UsageError(`Poll "${pollId}" takes no text messages. Add --sms 0.`);
  if (mix.sms < 1 && !channels.includes('web'))
    throw new UsageError(`Poll "${pollId}" takes votes as text messages only. Add --sms 100.`);
  if (mix.sms > 0 && smsNumber === undefined && pollId !== (process.env.SMS_DEFAULT_POLL || 'colors'))
    throw new UsageError(`Poll "${pollId}" has no smsNumber, so that texts would vote in another poll. Add --sms 0.`);
}

function introduction({ pollId, choices }: Poll, { url, votes, clients, rate, seed, mix, twilio }: Options): string {
  const percent = (share: number): string => `${Math.round(share * 10_000) / 100} %`;
  return [
    `${grouped(votes)} votes in poll "${pollId}" (${choices.join(', ')}) at ${url.origin}, ${clients} at once${rate ? `, at most ${grouped(rate)} a second` : ''}, seed ${seed}`,
    `  ${percent(mix.sms)} as text messages (${twilio ? 'signed' : 'not signed: no TWILIO_AUTH_TOKEN'}), the others as JSON`,
    `  ${percent(mix.duplicates)} sent a second time, ${percent(mix.hangUps)} hang up before the answer and send again`,
    `  ${percent(mix.unknown)} with a word that is not one of the choices`,
  ].join('\n');
}

/** Sends everything, so many at once as there are clients. @throws ServiceError at an answer that no vote should get */
async function castVotes(
  poll: Poll,
  target: VoteTarget,
  { votes, clients, rate, seed, mix }: Options,
  client: HttpClient,
  traffic: Traffic,
): Promise<void> {
  const random = seededRandom(seed);
  const sends = planSends(planVotes(votes, poll.choices, mix, random));
  const isAnswered = new Uint8Array(votes);
  const begin = performance.now();
  const act = async (): Promise<void> => {
    // All clients draw from the one sequence; an error in one of them ends it for all.
    for (const { vote, isDuplicate } of sends) {
      if (rate > 0) await delay(begin + (traffic.votes / rate) * 1000 - performance.now());
      traffic[isDuplicate ? 'duplicates' : 'votes']++;
      const call = callOf(vote, target);
      const hangsUp = vote.hangsUp && !isDuplicate;
      const answer = await client.send(hangsUp ? { ...call, firstTimeoutMs: Math.random() * HANG_UP_WITHIN_MS } : call);
      checkAnswer(vote, answer, poll);
      if (isAnswered[vote.index]) continue;
      isAnswered[vote.index] = 1;
      if (vote.choice === undefined) traffic.refused++;
      else traffic.accepted[vote.choice] = (traffic.accepted[vote.choice] ?? 0) + 1;
    }
  };
  const endProgress = showProgress(() => {
    const perSecond = Math.round((sum(traffic.accepted) / (performance.now() - begin)) * 1000);
    return `${traffic}, ${grouped(perSecond)} votes/s, ${traffic.latencies}`;
  });
  try {
    await Promise.all(Array.from({ length: clients }, act));
  } finally {
    endProgress();
  }
}

/** @throws ServiceError unless the answer is the one that this vote should get */
function checkAnswer({ channel, choice, text }: PlannedVote, answer: Answer, { choices }: Poll): void {
  const wanted = choice === undefined ? undefined : choices[choice];
  const isRight =
    channel === 'sms'
      ? answer.status === 200 && /^text\/xml\b/.test(answer.headers['content-type'] ?? '') && isTold(answer, wanted)
      : wanted === undefined
        ? answer.status === 422 && fieldOf(answer, 'code') === 'VOTES_UNKNOWN_CHOICE'
        : answer.status === 201 && fieldOf(answer, 'choice') === wanted;
  if (isRight) return;
  const advice =
    channel === 'sms' && answer.status === 403 ? `\nThe service checks signatures. ${ADVICE_ON_SIGNATURES}` : '';
  const meaning = wanted === undefined ? 'no choice' : `choice ${wanted}`;
  throw new ServiceError(`The ${channel} vote "${text}" (${meaning}) was answered with ${describe(answer)}${advice}`);
}

/** Whether a text that names a choice is told that it counts, so that one in no poll at all is not taken for a vote. */
const isTold = ({ text }: Answer, choice: string | undefined): boolean =>
  choice === undefined || text.includes(' is counted.');

function fieldOf({ text }: Answer, name: string): unknown {
  try {
    return JSON.parse(text)[name];
  } catch {
    return undefined;
  }
}

const votesIn = ({ choices }: Results): number[] => choices.map(({ votes }) => votes ?? 0);

/** Reads the results until nothing more comes: the tally follows the votes, on some stores by seconds. */
async function completeResults(service: VotesService, pollId: string, total: number, waitMs: number): Promise<Results> {
  let last = -1;
  let movedAt = performance.now();
  for (;;) {
    const results = await service.results(pollId);
    const now = performance.now();
    const counted = sum(votesIn(results));
    if (counted !== last) movedAt = now;
    last = counted;
    if (now - movedAt > (counted >= total ? SETTLED_MS : waitMs)) return results;
    await delay(100);
  }
}

/** Prints what was sent beside what was counted. @returns the exit code */
function report(
  { choices }: Poll,
  before: Results,
  after: Results,
  audit: Audit | undefined,
  traffic: Traffic,
  seconds: number,
): number {
  const from = votesIn(before);
  const rows = votesIn(after).map((votes, index) => {
    const accepted = traffic.accepted[index] ?? 0;
    const tally = votes - (from[index] ?? 0);
    return { choice: choices[index] as string, accepted, tally, difference: tally - accepted };
  });
  const difference = sum(rows.map((row) => Math.abs(row.difference)));
  const accepted = sum(traffic.accepted);
  const tally = sum(rows.map((row) => row.tally));
  const isRight = difference === 0 && (!audit || (audit.drift === 0 && audit.ballots === accepted));

  const { votes, duplicates, retries, refused, sent } = traffic;
  const width = Math.max(10, ...choices.map((choice) => choice.length)) + 2;
  const line = (name: string, ...columns: readonly (number | string)[]): string =>
    name.padEnd(width) +
    columns.map((column) => (typeof column === 'number' ? grouped(column) : column).padStart(12)).join('');
  const perSecond = (count: number): string => `${grouped(Math.round(count / seconds))} a second`;
  console.log(`
${line('sent', sent)}  requests in ${seconds.toFixed(1)} s, ${perSecond(sent)}; ${traffic.latencies}
${line('votes', votes)}
${line('duplicates', duplicates)}
${line('retries', retries)}
${line('refused', refused)}  votes with a word that is not one of the choices
${line('accepted', accepted)}  votes, ${perSecond(accepted)}

${line('', 'accepted', 'tally', 'difference')}
${rows.map((row) => line(row.choice, row.accepted, row.tally, row.difference)).join('\n')}
${line('all', accepted, tally, tally - accepted)}  the tally rose from ${grouped(sum(from))} to ${grouped(sum(votesIn(after)))}
${audit ? `\nThe poll is closed. Audit: ${grouped(audit.ballots)} ballots, ${grouped(audit.shards)} in the shards, ${grouped(audit.tally)} in the tally, drift ${audit.drift}.\n` : ''}
${line('difference', difference)}${isRight ? '' : '  The service miscounted, or somebody else voted in this poll at the same time.'}`);
  return isRight ? 0 : 1;
}
