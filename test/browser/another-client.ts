export const KEY = 'browser-test-key-0123';

const json = { 'content-type': 'application/json' };

async function send<Answer = Record<string, unknown>>(
  method: 'GET' | 'POST' | 'PUT',
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const content = body === undefined ? { headers } : { headers: { ...json, ...headers }, body: JSON.stringify(body) };
  const response = await fetch(url, { method, ...content });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

const key = { authorization: `Bearer ${KEY}` };

/** Another client of the service: what happens while somebody looks at the dashboard. */
export const anotherClient = (url: string) => ({
  /** @returns the id of the new poll */
  createPoll: async (poll: Record<string, unknown>): Promise<string> =>
    String((await send('POST', `${url}/polls`, poll, key)).pollId),

  vote: (pollId: string, choice: string, voter?: string) =>
    send('POST', `${url}/polls/${pollId}/votes`, { choice, voter }),

  closePoll: (pollId: string) => send('POST', `${url}/polls/${pollId}/close`, {}, key),

  results: (pollId: string) =>
    send<{ total: number; choices: { choice: string; votes: number }[] }>('GET', `${url}/polls/${pollId}/results`),

  putStock: (stock: string, value: { value: string; currency?: string }) =>
    send('PUT', `${url}/stock/${stock}`, value, key),

  putPolicy: (subject: string, policy: { allow: readonly string[]; deny?: readonly string[] }) =>
    send('PUT', `${url}/policies/${encodeURIComponent(subject)}`, policy, key),

  policy: (subject: string) => send('GET', `${url}/policies/${encodeURIComponent(subject)}`, undefined, key),

  stocks: () => send<{ stocks: { stock: string; value: string; currency: string }[] }>('GET', `${url}/stock`),

  values: async (stock: string, currencies: string) =>
    (await send<{ values: Record<string, string> }>('GET', `${url}/stock/${stock}?currencies=${currencies}`)).values,

  putLimit: (policyId: string, limit: Record<string, unknown>) => send('PUT', `${url}/limits/${policyId}`, limit, key),

  take: (policyId: string, of: string) => send('POST', `${url}/limits/${policyId}/takes`, { key: of }, key),

  createFlagSet: (setId: string, title?: string) => send('POST', `${url}/flag-sets`, { setId, title }, key),

  putFlag: (setId: string, flag: string, definition: Record<string, unknown>) =>
    send('PUT', `${url}/flag-sets/${setId}/flags/${flag}`, definition, key),

  flagSet: (setId: string) =>
    send<{ revision: number; flags: { key: string; state: string; rules?: unknown[] }[] }>(
      'GET',
      `${url}/flag-sets/${setId}`,
      undefined,
      key,
    ),

  /** @returns the variant */
  evaluateFlag: async (setId: string, flag: string, context: Record<string, unknown>): Promise<string> =>
    String((await send('POST', `${url}/flag-sets/${setId}/ofrep/v1/evaluate/flags/${flag}`, { context }, key)).variant),

  configureQueue: (queue: string, settings: Record<string, unknown>) =>
    send('PUT', `${url}/queues/${queue}`, settings, key),

  queue: (queue: string) => send('GET', `${url}/queues/${queue}`, undefined, key),

  task: (taskId: string) => send('GET', `${url}/tasks/${taskId}`, undefined, key),

  /** @returns the id of the new task */
  enqueue: async (queue: string, task: Record<string, unknown>): Promise<string> =>
    String((await send('POST', `${url}/queues/${queue}/tasks`, task, key)).taskId),

  /** Claims the next task. */
  claim: async (queue: string, how: Record<string, unknown> = {}): Promise<{ taskId: string; fence: string }> => {
    const claims = `${url}/queues/${queue}/claims`;
    const { tasks } = await send<{ tasks: { taskId: string; fence: string }[] }>('POST', claims, how, key);
    if (!tasks[0]) throw new Error(`there is nothing to claim in ${queue}`);
    return tasks[0];
  },

  /** Says what became of a claimed task. */
  end: (taskId: string, how: 'complete' | 'fail' | 'release', body: Record<string, unknown>) =>
    send('POST', `${url}/tasks/${taskId}/${how}`, body, key),
});

export type AnotherClient = ReturnType<typeof anotherClient>;
