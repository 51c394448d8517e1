import { monotonicFactory } from 'ulid';
import type { Ids } from '../../ports/system.ts';

const ulid = monotonicFactory();

export const ulids: Ids = { next: () => ulid() };
