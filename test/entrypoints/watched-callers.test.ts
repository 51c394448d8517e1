import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type EmbeddedApp, embeddedApp, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { SseClient } from '../helpers/sse-client.ts';

const READER_KEY = 'key-of-the-reader-0123';
const reader = { authorization: `Bearer ${READER_KEY}` };
const json = { 'content-type': 'application/json' };

let service: EmbeddedApp;
let url = '';
beforeAll(async () => {
  service = await embeddedApp({ API_KEYS: `test=${KEY},reader=${READER_KEY}` }, { extras: [] });
  url = await service.app.listen({ port: 0 });
});
afterAll(() => service.close());

const put = async (policy: object) => {
  const headers = { authorization: `Bearer ${KEY}`, ...json };
  const answer = await fetch(`${url}/policies/key:reader`, { method: 'PUT', headers, body: JSON.stringify(policy) });
  expect(answer.status).toBe(200);
};
const claim = (waitSeconds: number) =>
  fetch(`${url}/queues/q/claims`, {
    method: 'POST',
    headers: { ...reader, ...json },
    body: JSON.stringify({ waitSeconds }),
  });

it('ends the streams and the waiting claims of a caller that lost the right to them, and no others', async () => {
  await put({ allow: ['GET /polls/*/results/events', 'POST /queues/*/claims'] });
  const events = `${url}/polls/colors/results/events`;
  const [ofReader, ofNobody, ofAdmin] = await Promise.all([
    SseClient.connect(events, reader),
    SseClient.connect(events),
    SseClient.connect(events, { authorization: `Bearer ${KEY}` }),
  ]);
  const waiting = claim(20);
  // Callers have been judged again by now, and nothing has ended.
  expect((await claim(2)).status).toBe(200);
  expect(ofReader.ended).toBe(false);

  const begun = performance.now();
  await put({ allow: ['POST /queues/*/claims'] });
  await eventually(
    () => ofReader.ended,
    (ended) => ended,
  );
  expect(performance.now() - begun).toBeLessThan(5_000);

  await put({ allow: [] });
  const answer = await waiting;
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, 'FORBIDDEN']);
  expect(performance.now() - begun).toBeLessThan(10_000);
  expect([ofNobody.ended, ofAdmin.ended]).toEqual([false, false]);
  for (const client of [ofNobody, ofAdmin]) client.close();
}, 60_000);
