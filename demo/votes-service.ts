import { ServiceError } from './errors.ts';
import type { HttpClient } from './http-client.ts';
import { bodyOf, firstAnswer, keyCall } from './service-api.ts';
import { emptyText } from './votes-requests.ts';

export interface Poll {
  readonly pollId: string;
  readonly choices: readonly string[];
  readonly status: string;
  /** By which votes may come. */
  readonly channels: readonly ('sms' | 'web')[];
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
    const call = { method: 'GET', path: `/polls/${encodeURIComponent(pollId)}` } as const;
    const answer = await firstAnswer(this.client, this.url, 'votes', call);
    if (answer.status === 404) throw new ServiceError(`There is no poll "${pollId}" at ${this.url}. See GET /polls.`);
    return bodyOf(answer);
  }

  /** @throws ServiceError */
  async makePoll(key: string, pollId: string, smsNumber: string): Promise<Poll> {
    const poll = { pollId, question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'], smsNumber };
    return bodyOf(await firstAnswer(this.client, this.url, 'votes', keyCall('POST', '/polls', key, poll)));
  }

  /** Whether texts are taken without a signature. @throws ServiceError */
  async takesUnsignedTexts(): Promise<boolean> {
    return (await firstAnswer(this.client, this.url, 'votes', emptyText)).status !== 403;
  }

  /** @throws ServiceError */
  async results(pollId: string): Promise<Results> {
    return bodyOf(await this.client.send({ method: 'GET', path: `/polls/${pollId}/results` }));
  }

  /** @throws ServiceError */
  async close(pollId: string, key: string): Promise<Audit> {
    return bodyOf<{ audit: Audit }>(await this.client.send(keyCall('POST', `/polls/${pollId}/close`, key))).audit;
  }
}
