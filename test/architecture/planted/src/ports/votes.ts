import type { Poll } from '../domain/votes/poll.ts';
import type { Clock } from './system.ts';

export interface PollStore {
  readonly clock: Clock;
  get(): Poll | undefined;
}
