import type { PollStore } from '../../ports/votes.ts';
import { type Poll, poll } from './poll.ts';

export const count = (polls: PollStore): Poll => polls.get() ?? poll;
