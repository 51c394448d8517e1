import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../ports/system.ts';

const BASE_MS = 20;
const LIMIT_MS = 500;

/** Waits before the next attempt: exponential with full jitter, so that those who collided once part. */
export const backOff = (attempt: number, random: Random): Promise<void> =>
  delay(random.next() * Math.min(LIMIT_MS, BASE_MS * 2 ** attempt));
