import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';

describe('votes over HTTP', () => {
  let service: EmbeddedApp;
  beforeAll(async () => {
    service = await embeddedApp();
  });
  afterAll(() => service.close());

  const vote = (payload: object, headers: Record<string, string> = {}) =>
    service.app.inject({ method: 'POST', url: '/polls/colors/votes', payload, headers });

  it('counts a vote once, however often it is sent', async () => {
    const first = await vote({ choice: ' red ' }, { 'idempotency-key': 'a' });
    const second = await vote({ choice: 'RED' }, { 'idempotency-key': 'a' });

    expect(first.statusCode).toBe(201);
    expect(first.json()).toMatchObject({ pollId: 'colors', voteId: 'a', choice: 'RED' });
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(second.statusCode).toBe(201);
    expect(second.json()).toEqual(first.json());
    expect(second.headers['idempotent-replayed']).toBe('true');

    const results = await eventually(
      async () => (await service.app.inject('/polls/colors/results')).json(),
      ({ total }) => total > 0,
    );
    expect(results).toMatchObject({ total: 1, choices: [{ choice: 'RED', votes: 1, share: 1 }, {}, {}] });
  });
});
