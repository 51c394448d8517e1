import { expect } from '@jest/globals';
import type { HttpAnswer, HttpRequest, Send } from '../http.ts';
import type { Scenario } from './votes.ts';

/**
 * Sends the requests of a scenario one after the other and holds each answer to what it must have.
 *
 * @param conforms tells what an answer has that the published document does not say
 */
export async function play(
  { exchanges }: Scenario,
  send: Send,
  conforms: (request: HttpRequest, answer: HttpAnswer) => string | undefined,
): Promise<void> {
  for (const { request, status, headers = {}, body } of exchanges) {
    const answer = await send(request);
    expect({ url: request.url, status: answer.status, body: answer.body }).toMatchObject({ status });
    expect(conforms(request, answer)).toBeUndefined();
    for (const [name, value] of Object.entries(headers)) expect([name, answer.headers[name]]).toEqual([name, value]);
    if (typeof body === 'string') expect(answer.body).toBe(body);
    else if (body) expect(JSON.parse(answer.body)).toMatchObject(body);
  }
}
