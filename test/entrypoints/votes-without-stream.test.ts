import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { system } from '../../src/entrypoints/composition/compose.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { ports } from '../../src/entrypoints/composition/votes/module.ts';
import { dynamoDbApp } from '../helpers/dynamodb-app.ts';
import { authorization, type EmbeddedApp, type EmbeddedAppOptions, embeddedApp } from '../helpers/embedded-app.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';

/** What a service says of itself while it runs. */
function watched() {
  const lines: Record<string, unknown>[] = [];
  const repaired: number[] = [];
  const log = new Writable({
    write: (line, _, done) => {
      lines.push(JSON.parse(String(line)));
      done();
    },
  });
  const prepare: EmbeddedAppOptions['prepare'] = (container) => {
    container.rebind(system.meter).toConstantValue({
      record: (name, value) => {
        if (name === 'VotesRepaired') repaired.push(value);
      },
    });
  };
  const warnings = () => lines.filter(({ level }) => Number(level) >= 40);
  return { log, prepare, repaired, warnings };
}

async function isCompleteAfterTheCheck(
  { app, clock }: EmbeddedApp,
  { repaired, warnings }: ReturnType<typeof watched>,
): Promise<void> {
  const post = (url: string, payload?: object) => app.inject({ method: 'POST', url, payload, headers: authorization });
  const vote = async (votes: number) => {
    for (let vote = 0; vote < votes; vote++)
      expect((await post('/polls/quiet/votes', { choice: vote % 2 ? 'RED' : 'BLUE' })).statusCode).toBe(201);
  };
  const shown = async () => {
    const { total, stale, completeUpTo } = (await app.inject('/polls/quiet/results')).json();
    return { total, stale, completeUpTo: Date.parse(completeUpTo) };
  };
  const start = clock.now();
  expect((await post('/polls', { pollId: 'quiet', question: 'Which?', choices: ['RED', 'BLUE'] })).statusCode).toBe(
    201,
  );

  await vote(5);
  expect(await shown()).toEqual({ total: 0, stale: false, completeUpTo: start });
  clock.advance(9_999);
  expect(await shown()).toEqual({ total: 0, stale: false, completeUpTo: start });
  clock.advance(1);
  expect(await shown()).toEqual({ total: 5, stale: false, completeUpTo: start + 10_000 });
  expect(repaired).toEqual([5]);
  expect(warnings()).toEqual([expect.objectContaining({ level: 40, pollId: 'quiet', votes: 5 })]);

  // These may be on their way, but nothing at all has come since the last check.
  clock.advance(9_000);
  await vote(3);
  clock.advance(1_000);
  expect(await shown()).toEqual({ total: 8, stale: false, completeUpTo: start + 20_000 });
  expect(repaired).toEqual([5, 3]);
  expect(warnings()).toHaveLength(2);

  clock.advance(10_000);
  expect(await shown()).toEqual({ total: 8, stale: false, completeUpTo: start + 30_000 });
  expect(repaired).toEqual([5, 3]);
  expect((await post('/polls/quiet/close')).json().audit).toMatchObject({ ballots: 8, tally: 8, drift: 0 });
}

describe('results under a stream that brings nothing', () => {
  it('are complete after the next check, which says that it had to repair them', async () => {
    const watch = watched();
    const service = await embeddedApp(
      {},
      {
        log: watch.log,
        prepare: (container) => {
          watch.prepare?.(container);
          container.rebind(ports.shardFeed).toConstantValue({ start: () => undefined, stop: async () => undefined });
        },
      },
    );
    try {
      await isCompleteAfterTheCheck(service, watch);
    } finally {
      await service.close();
    }
  });
});

await withServer('results without a worker', startDynamoDbLocal, ({ endpoint }) => {
  it('are complete after the next check in a process that only serves the API', async () => {
    const watch = watched();
    const serving = contexts.map((context) => ({ ...context, loops: () => [] }));
    const service = await dynamoDbApp(endpoint, { ROLE: 'api' }, { ...watch, contexts: serving });
    try {
      await isCompleteAfterTheCheck(service, watch);
    } finally {
      await service.close();
    }
  });
});
