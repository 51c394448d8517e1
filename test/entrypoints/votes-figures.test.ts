import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { emptyTally, type ShardImage } from '../../src/domain/votes/tally.ts';
import { system } from '../../src/entrypoints/composition/compose.ts';
import { ports } from '../../src/entrypoints/composition/votes/module.ts';
import type { ChangeHandler } from '../../src/ports/system.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';

describe('what is measured and logged of votes', () => {
  let service: EmbeddedApp;
  let figures: [name: string, value: number][];
  let lines: Record<string, unknown>[];
  /** The test is the feed: what it brings, and when. */
  let handler: ChangeHandler<ShardImage>;
  beforeEach(async () => {
    [figures, lines] = [[], []];
    const log = new Writable({
      write: (line, _, done) => {
        lines.push(JSON.parse(String(line)));
        done();
      },
    });
    const feed = {
      start: (given: ChangeHandler<ShardImage>) => {
        handler = given;
      },
      stop: async () => undefined,
    };
    service = await embeddedApp(
      {},
      {
        log,
        prepare: (container) => {
          container.rebind(system.meter).toConstantValue({
            record: (name, value) => {
              if (['VoteLag', 'TallyDrift'].includes(name)) figures.push([name, value]);
            },
          });
          container.rebind(ports.shardFeed).toConstantValue(feed);
        },
      },
    );
  });
  afterEach(() => service.close());

  const post = async (url: string, payload?: object) =>
    (await service.app.inject({ method: 'POST', url, payload, headers: authorization })).json();
  const vote = (choice: string) => post('/polls/colors/votes', { choice });
  const images = async () => {
    const poll = await service.container.get(ports.polls).get('colors');
    return service.container.get(ports.ledger).readShards(poll as never, []);
  };
  const tooHigh = () =>
    service.container.get(ports.tallies).put({
      ...emptyTally('colors'),
      version: 1,
      revision: 1,
      marks: new Map([['local', [{ votes: [41], ballots: 41, closed: 0 }]]]),
    });

  it('is how long a vote took to the tally, and nothing of images that bring nothing new', async () => {
    await vote('RED');
    service.clock.advance(40);
    await handler.changes(await images());
    service.clock.advance(3_600_000);
    await handler.changes(await images());
    await service.container
      .get(ports.ledger)
      .closeShards((await service.container.get(ports.polls).get('colors')) as never);
    await handler.changes(await images());

    expect(figures).toEqual([['VoteLag', 40]]);
  });

  it('is no drift where a recount brings in votes that are on their way', async () => {
    await vote('RED');
    expect(await post('/polls/colors/recount')).toEqual({ before: 0, after: 1, drift: 1 });
    expect(figures).toEqual([['TallyDrift', 0]]);
  });

  it('is the drift of a tally that was too high', async () => {
    await tooHigh();
    expect(await post('/polls/colors/recount')).toEqual({ before: 41, after: 0, drift: -41 });
    expect(figures).toEqual([['TallyDrift', 41]]);
  });

  it('is every count that a recount after a gap changed, with its poll', async () => {
    await post('/polls', { pollId: 'quiet', question: 'Which?', choices: ['A', 'B'] });
    await tooHigh();
    await handler.gap();

    const recounts = lines.filter(({ msg }) => msg === 'recounted');
    expect(recounts).toEqual([expect.objectContaining({ pollId: 'colors', before: 41, after: 0, drift: -41 })]);
  });
});
