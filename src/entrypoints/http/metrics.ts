import * as Type from 'typebox';
import { apiKeyReader } from './api-keys.ts';
import type { Extra } from './app.ts';

const Text = Type.String({ examples: ['# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 0.5\n'] });

/** What Prometheus is shown. */
export interface Exposition {
  readonly contentType: string;
  text(): Promise<string>;
  /** Records how long a request took to be answered. */
  recordAnswer(method: string, route: string, status: number, ms: number): void;
}

/**
 * Serves `GET /metrics` in the Prometheus text format, and records every answer by route.
 *
 * @param key what whoever asks must send; nothing unless given
 */
export const publishMetrics =
  (exposition: Exposition, key?: string): Extra =>
  (app) => {
    app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
      exposition.recordAnswer(method, routeOptions.url ?? 'none', statusCode, elapsedTime);
    });
    app.get(
      '/metrics',
      {
        ...(key ? { config: { key: true, ownKey: apiKeyReader([{ name: 'metrics', key }]) } } : {}),
        schema: {
          tags: ['system'],
          operationId: 'getMetrics',
          summary: 'Figures for Prometheus',
          description: 'Needs a key where `METRICS_KEY` is set.',
          response: { 200: { description: 'Prometheus text', content: { 'text/plain': { schema: Text } } } },
        },
      },
      async (_, reply) => reply.type(exposition.contentType).send(await exposition.text()),
    );
  };
