import type { Poll } from '../domain/votes/poll.ts';

export const fallback = (poll: Poll) => ({ poll, at: Date.now() }); // impure
