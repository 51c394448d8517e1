// breaks: ports-import-types-only
import { poll } from '../domain/votes/poll.ts';

export type Default = typeof poll;
export const fallback = poll;
