// breaks: domain-keeps-to-its-context
import type { Poll } from '../votes/poll.ts';

export const poll: Poll | undefined = undefined;
