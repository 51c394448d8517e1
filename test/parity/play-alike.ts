import { expect } from '@jest/globals';
import type { HttpAnswer, HttpRequest } from '../helpers/http.ts';
import { play } from '../scenarios/play.ts';
import { type Difference, differenceIn, type Scenario } from '../scenarios/scenario.ts';
import { comparable } from './comparable.ts';
import type { ServiceInRuntime } from './runtimes.ts';

/** The dashboard, the docs and their files, which the published document does not tell of. */
const PAGE = /^\/($|\?|docs(\/|$)|(?!openapi\.json)[^?]*\.)/;

/**
 * Plays a scenario in several runtimes at once, and holds their answers to what they must have and to those of the first.
 *
 * @param conforms tells what an answer has that the published document does not say
 */
export async function playAlike(
  scenario: Scenario,
  runtimes: readonly Pick<ServiceInRuntime, 'runtime' | 'send'>[],
  conforms: (request: HttpRequest, answer: HttpAnswer) => string | undefined,
): Promise<void> {
  const playing = runtimes.map(async ({ runtime, send }) => {
    const answers = await play(
      scenario,
      send,
      (request, answer) => (PAGE.test(request.url) ? undefined : conforms(request, answer)),
      runtime,
    );
    return { runtime, answers: comparable(answers) };
  });
  // Where one fails the others play on, and not into the next scenario.
  await Promise.allSettled(playing);
  const [first, ...others] = await Promise.all(playing);
  for (const { runtime, answers } of others)
    for (const [index, exchange] of scenario.exchanges.entries()) {
      const [one, other] = [first?.answers[index] as HttpAnswer, answers[index] as HttpAnswer];
      const difference = differenceIn(exchange, runtime);
      expect({ runtime, index, ...without(difference, other) }).toEqual({
        runtime,
        index,
        ...without(difference, one),
      });
    }
}

/** An answer without what a difference covers. */
function without({ status, headers = {}, body }: Partial<Difference> = {}, answer: HttpAnswer): Partial<HttpAnswer> {
  return {
    ...(status === undefined ? { status: answer.status } : {}),
    headers: Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !(name in headers))),
    ...(body === undefined ? { body: answer.body } : {}),
  };
}
