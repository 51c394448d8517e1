import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { type BareItem, type Item, serializeList } from 'structured-headers';

/** What an answer tells of a limit, in the terms of draft-ietf-httpapi-ratelimit-headers-10. */
export interface ShownLimit {
  readonly name: string;
  /** How many requests pass at once when all is there. */
  readonly quota: number;
  /** In how many seconds so many are there again. */
  readonly windowSeconds: number;
  /** How many requests pass now, if nobody else sends one. */
  readonly remaining: number;
  /** After how many seconds one more passes; undefined where all are there. */
  readonly moreInSeconds: number | undefined;
  /** Whose limit it is, where that is not simply whoever sent the request. */
  readonly partition?: Uint8Array | undefined;
}

/** Adds what is told of limits to the `RateLimit` and `RateLimit-Policy` fields of an answer. */
export function tellLimits(reply: FastifyReply, limits: readonly ShownLimit[]): void {
  if (limits.length === 0) return;
  const policies = limits.map(({ name, quota, windowSeconds, partition }) =>
    item(name, { q: quota, w: windowSeconds, pk: partition }),
  );
  const standings = limits.map(({ name, remaining, moreInSeconds, partition }) =>
    item(name, { r: remaining, t: moreInSeconds, pk: partition }),
  );
  append(reply, 'ratelimit-policy', serializeList(policies));
  append(reply, 'ratelimit', serializeList(standings));
}

/** Several parts of the service may tell of limits in one answer. */
function append(reply: FastifyReply, name: string, members: string): void {
  const before = reply.getHeader(name);
  reply.header(name, before === undefined ? members : `${before}, ${members}`);
}

const item = (name: string, parameters: Readonly<Record<string, BareItem | undefined>>): Item => [
  name,
  new Map(Object.entries(parameters).filter((entry): entry is [string, BareItem] => entry[1] !== undefined)),
];

const PARTITION_BYTES = 12;

/** A partition that says whether two answers are about the same one, and not which. */
export const hiddenPartition = (of: string): Uint8Array =>
  createHash('sha256').update(of).digest().subarray(0, PARTITION_BYTES);

const MAX_JITTER = 0.1;

/**
 * When to try again: never too early, and not all at the same moment.
 *
 * @param random 0 to 1
 * @returns whole seconds
 */
export const retryAfterSeconds = (ms: number, random: number): number =>
  Math.ceil((ms * (1 + MAX_JITTER * random)) / 1_000);
