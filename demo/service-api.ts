import { ServiceError } from './errors.ts';
import { type Answer, type Call, describe, type HttpClient } from './http-client.ts';

/** A call under an API key, with JSON where its method brings any. */
export function keyCall(method: Call['method'], path: string, key: string, body: unknown = {}): Call {
  const authorization = `Bearer ${key}`;
  if (method === 'GET' || method === 'DELETE') return { method, path, headers: { authorization } };
  return { method, path, headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/**
 * The first call of a run, which finds out whether the service is there.
 *
 * @param scenario what `npm run demo` was told to do
 * @throws ServiceError that says how to start the service, or to give the key
 */
export async function firstAnswer(client: HttpClient, url: URL, scenario: string, call: Call): Promise<Answer> {
  const answer = await client.sendOnce(call).catch((error: Error) => {
    throw new ServiceError(
      `Nothing answers at ${url} (${describe(error)}).\n` +
        `Start the service with: npm start\nIf it runs elsewhere, say where: npm run demo -- ${scenario} --url http://host:port`,
    );
  });
  if (answer.status === 401) throw new ServiceError('The service does not take this API key. Check --key or API_KEY.');
  return answer;
}

/** @throws ServiceError unless the answer is a success with JSON */
export function bodyOf<T>(answer: Answer): T {
  try {
    if (answer.status < 300) return JSON.parse(answer.text) as T;
  } catch {}
  throw new ServiceError(`The service does not answer as Portside does: ${describe(answer)}`);
}
