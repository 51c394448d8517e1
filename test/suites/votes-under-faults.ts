import { expect } from '@jest/globals';
import type { Container } from 'inversify';
import { ports } from '../../src/entrypoints/composition/votes/module.ts';
import { dynamoDbApp } from '../helpers/dynamodb-app.ts';
import { authorization } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { seededRandom } from '../helpers/fakes.ts';
import { type Fault, type FaultOptions, withFaults } from '../helpers/faults.ts';
import { type HttpRequest, injecting, type Send } from '../helpers/http.ts';
import { signing, twilioSettings } from '../helpers/signing.ts';

const RATE = 0.05;
const SENDERS = 16;
const MOST_COPIES = 5;
const CHOICES = ['RED', 'GREEN', 'BLUE'];
const NUMBER = '+15005550006';

/** Puts faults on every call of a driven port of the votes, the deliveries of the change feed included. */
function injectFaults(container: Container, options: FaultOptions): void {
  const { polls, ledger, tallies, shardFeed } = ports;
  const wrap = <T extends object>(port: T, salt: number): T =>
    withFaults(port, { ...options, seed: options.seed ^ salt });
  const real = { polls: container.get(polls), ledger: container.get(ledger), tallies: container.get(tallies) };
  container.rebind(polls).toConstantValue(wrap(real.polls, 0x1000));
  container.rebind(ledger).toConstantValue(wrap(real.ledger, 0x2000));
  container.rebind(tallies).toConstantValue(wrap(real.tallies, 0x3000));
  const feed = container.get(shardFeed);
  container.rebind(shardFeed).toConstantValue({
    start: (handler) => feed.start(wrap(handler, 0x4000)),
    stop: () => feed.stop(),
  });
}

/**
 * Sends text messages to a service on DynamoDB all of whose port calls meet faults, each message one to five times, and
 * each delivery again until it is answered; then closes the poll and counts.
 *
 * @param seed decides choices, copies and faults; odd seeds vote in a poll that takes one vote of each voter
 */
export async function voteUnderFaults(endpoint: string, seed: number, votes: number): Promise<void> {
  const faults = new Map<Fault, number>();
  const onFault = (fault: Fault) => faults.set(fault, (faults.get(fault) ?? 0) + 1);
  const service = await dynamoDbApp(endpoint, twilioSettings, {
    prepare: (container) => injectFaults(container, { seed, rate: RATE, onFault }),
  });
  try {
    const send = signing(injecting(service.app));
    const random = seededRandom(seed);
    const poll = { pollId: 'colors', question: 'Which?', choices: CHOICES, smsNumber: NUMBER };
    const created = await until(
      [201, 409],
      send,
      post('/polls', { ...poll, voterLimit: seed % 2 === 1 ? 'one' : 'none' }),
    );
    expect([201, 409]).toContain(created.status);

    const cast = Array.from({ length: votes }, () => Math.floor(random.next() * CHOICES.length));
    const deliveries = cast
      .flatMap((choice, vote) => Array(1 + Math.floor(random.next() * MOST_COPIES)).fill({ choice, vote }))
      .map((delivery) => ({ ...delivery, place: random.next() }))
      .sort((one, other) => one.place - other.place);
    let sent = 0;
    const sender = async (): Promise<void> => {
      for (let next = deliveries[sent++]; next; next = deliveries[sent++]) {
        const reply = await until([200], send, sms(next.vote, CHOICES[next.choice] as string));
        expect(reply.body).toContain(`Your vote for ${CHOICES[next.choice]} is counted.`);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, sender));

    const read = async () => JSON.parse((await until([200], send, { url: '/polls/colors/results' })).body);
    await eventually(read, ({ total }) => total === votes, 30_000);
    const { audit } = JSON.parse((await until([200], send, post('/polls/colors/close'))).body);
    const counted = { ballots: votes, shards: votes, tally: votes, drift: 0, doubleVoters: 0, at: expect.any(String) };
    expect({ seed, audit }).toEqual({ seed, audit: counted });
    const truth = CHOICES.map((_, choice) => cast.filter((each) => each === choice).length);
    const results = await read();
    expect(results.choices.map((choice: { votes: number }) => choice.votes)).toEqual(truth);
    expect(results).toMatchObject({ ballots: votes, final: true, stale: false });
    expect([...faults.keys()].sort()).toEqual(['delay', 'duplicate', 'fail after commit', 'fail before']);
  } finally {
    await service.close();
  }
}

const post = (url: string, body?: object): HttpRequest => ({ method: 'POST', url, headers: authorization, body });

const sms = (vote: number, text: string): HttpRequest => ({
  method: 'POST',
  url: '/webhooks/twilio/sms',
  body: new URLSearchParams({
    MessageSid: `SM${vote}`,
    From: `+1500${String(vote).padStart(7, '0')}`,
    To: NUMBER,
    Body: text,
  }),
});

/** Sends a request again while it is answered with 503, as its problem details advise. */
async function until(expected: readonly number[], send: Send, request: HttpRequest): ReturnType<Send> {
  for (;;) {
    const answer = await send(request);
    if (answer.status === 503) {
      expect(answer.headers['retry-after']).toMatch(/^\d+$/);
      continue;
    }
    if (!expected.includes(answer.status)) throw new Error(`${request.url}: ${answer.status} ${answer.body}`);
    return answer;
  }
}
