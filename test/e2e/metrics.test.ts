import { describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';

describe('the metrics of a service', () => {
  it('tell Prometheus and CloudWatch how long a vote took to the tally', async () => {
    const server = await ServerProcess.start({ METRICS_NAMESPACE: 'Portside/test', SWEEP_SECONDS: '1' });
    const scrape = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text();
    expect(await scrape()).toMatch(/^portside_vote_lag_seconds_count 0$/m);

    const vote = await fetch(`${server.url}/polls/colors/votes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ choice: 'RED' }),
    });
    expect(vote.status).toBe(201);
    const scraped = await eventually(scrape, (text) => /^portside_vote_lag_seconds_count 1$/m.test(text));

    expect(scraped).toMatch(/^# TYPE portside_vote_lag_seconds histogram$/m);
    expect(scraped).toMatch(/^portside_vote_lag_seconds_bucket\{le="10"\} 1$/m);
    expect(scraped).toMatch(/^portside_votes_repaired_total 0$/m);
    await eventually(scrape, (text) => /^portside_oldest_task_age_seconds 0$/m.test(text));
    expect(server.logs).toContainEqual(
      expect.objectContaining({
        VoteLag: expect.any(Number),
        _aws: expect.objectContaining({
          CloudWatchMetrics: [
            { Namespace: 'Portside/test', Dimensions: [[]], Metrics: [{ Name: 'VoteLag', Unit: 'Milliseconds' }] },
          ],
        }),
      }),
    );
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});
