import { ServiceError } from './errors.ts';
import { type Answer, type Call, describe, type HttpClient } from './http-client.ts';

export interface Poll {
  readonly pollId: string;
  readonly choices: readonly string[];
  readonly status: string;
  readonly smsNumber?: string;
}

export interface Results {
  readonly status: string;
  readonly hidden?: boolean;
  readonly choices: readonly { readonly choice: string; readonly votes: number | null }[];
}

export interface Audit {
  readonly ballots: number;
  readonly shards: number;
  readonly tally: number;
  readonly drift: number;
}

/** The part of the service that a run asks beside voting. */
export class VotesService {
  constructor(
    private readonly client: HttpClient,
    private readonly url: URL,
  ) {}

  /** The first thing that is asked of the service. @throws ServiceError */
  async findPoll(pollId: string): Promise<Poll> {
    const answer = await this.first({ method: 'GET', path: `/polls/${encodeURIComponent(pollId)}` });
    if (answer.status === 404) throw new ServiceError(`There is no poll "${pollId}" at ${this.url}. See GET /polls.`);
    return bodyOf(answer);
  }

  /** @throws ServiceError */
  async makePoll(key: string, pollId: string, smsNumber: string): Promise<Poll> {
    const poll = { pollId, question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'], smsNumber };
    const answer = await this.first({ ...post('/polls', key), body: JSON.stringify(poll) });
    if (answer.status === 401)
      throw new ServiceError(`The service does not take this API key. Check --key or API_KEY.`);
    return bodyOf(answer);
  }

  /** @throws ServiceError */
  async results(pollId: string): Promise<Results> {
    return bodyOf(await this.client.send({ method: 'GET', path: `/polls/${pollId}/results` }));
  }

  /** @throws ServiceError */
  async close(pollId: string, key: string): Promise<Audit> {
    return bodyOf<{ audit: Audit }>(await this.client.send({ ...post(`/polls/${pollId}/close`, key) })).audit;
  }

  private async first(call: Call): Promise<Answer> {
    try {
      return await this.client.sendOnce(call);
    } catch (error) {
      throw new ServiceError(
        `Nothing answers at ${this.url} (${describe(error as Error)}).\n` +
          'Start the service with: npm start\nIf it runs elsewhere, say where: npm run demo -- votes --url http://host:port',
      );
    }
  }
}

const post = (path: string, key: string): Call => ({
  method: 'POST',
  path,
  headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
});

/** @throws ServiceError unless the answer is a success with JSON */
function bodyOf<T>(answer: Answer): T {
  try {
    if (answer.status < 300) return JSON.parse(answer.text) as T;
  } catch {}
  throw new ServiceError(`The service does not answer as Portside does: ${describe(answer)}`);
}
