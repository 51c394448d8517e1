export const KEY = 'browser-test-key-0123';

const json = { 'content-type': 'application/json' };

async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const response = await fetch(url, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

/** Another client of the service: what happens while somebody looks at the dashboard. */
export const anotherClient = (url: string) => ({
  /** @returns the id of the new poll */
  createPoll: async (poll: Record<string, unknown>): Promise<string> =>
    String((await post(`${url}/polls`, poll, { authorization: `Bearer ${KEY}` })).pollId),

  vote: (pollId: string, choice: string, voter?: string) => post(`${url}/polls/${pollId}/votes`, { choice, voter }),

  closePoll: (pollId: string) => post(`${url}/polls/${pollId}/close`, {}, { authorization: `Bearer ${KEY}` }),

  results: async (pollId: string): Promise<{ total: number; choices: { choice: string; votes: number }[] }> =>
    (await fetch(`${url}/polls/${pollId}/results`)).json() as never,
});

export type AnotherClient = ReturnType<typeof anotherClient>;
