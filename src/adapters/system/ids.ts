import { randomBytes } from 'node:crypto';
import { monotonicFactory } from 'ulid';
import type { Ids } from '../../ports/system.ts';

const ulid = monotonicFactory();

export const ulids: Ids = { next: () => ulid(), secret: () => randomBytes(16).toString('base64url') };
