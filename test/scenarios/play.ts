import { expect } from '@jest/globals';
import type { HttpAnswer, HttpRequest, Send } from '../helpers/http.ts';
import { differenceIn, type Runtime, type Scenario } from './scenario.ts';

/**
 * Sends the requests of a scenario one after the other and holds each answer to what it must have.
 *
 * @param conforms tells what an answer has that the published document does not say
 * @param runtime what is behind `send`
 * @returns the answers
 */
export async function play(
  { exchanges }: Scenario,
  send: Send,
  conforms: (request: HttpRequest, answer: HttpAnswer) => string | undefined,
  runtime: Runtime = 'inject',
): Promise<readonly HttpAnswer[]> {
  const answers: HttpAnswer[] = [];
  for (const exchange of exchanges) {
    const request = typeof exchange.request === 'function' ? exchange.request(answers) : exchange.request;
    const difference = differenceIn(exchange, runtime);
    const { status, headers = {}, body } = { ...exchange, ...difference };
    let answer = await send(request);
    // Takes of limits give their store 250 ms, which a busy machine may not give them; a client sends such a request again.
    const isOfLimit = request.url.startsWith('/limits/') && status !== 503;
    for (let again = 0; isOfLimit && again < 5 && answer.status === 503; again++) answer = await send(request);
    const { url } = request;
    expect({ runtime, url, status: answer.status, body: answer.body }).toEqual({
      runtime,
      url,
      status,
      body: answer.body,
    });
    if (!difference) expect(conforms(request, answer)).toBeUndefined();
    for (const [name, value] of Object.entries(headers)) expect([name, answer.headers[name]]).toEqual([name, value]);
    if (typeof body === 'string') expect(answer.body).toBe(body);
    else if (body instanceof RegExp) expect(answer.body).toMatch(body);
    else if (body) expect(JSON.parse(answer.body)).toMatchObject(body);
    answers.push(answer);
  }
  return answers;
}
