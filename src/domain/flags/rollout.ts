import type { Rollout } from './flag.ts';
import { murmur3 } from './murmur3.ts';

/** The most that the weights of a rollout may come to. */
export const MAX_TOTAL_WEIGHT = 2 ** 31 - 1;

const HALF = 2 ** 16;

/**
 * Where a hash falls when 2³² of them are shared out evenly: `hash × total ÷ 2³²`, rounded down, which has up to 63 bits.
 *
 * @param hash below 2³²
 * @param total up to {@link MAX_TOTAL_WEIGHT}
 */
export function placeOf(hash: number, total: number): number {
  const high = Math.floor(hash / HALF);
  const low = hash % HALF;
  return Math.floor((high * total + Math.floor((low * total) / HALF)) / HALF);
}

/**
 * The variant of a rollout for whoever is known by `unit`: the same as `fractional` of flagd gives, for the same key and
 * weights. Variants lie side by side in their order, so while the share of one rises and that of no other does, its place
 * only grows, at either end: nobody who has it loses it.
 */
export function variantOf({ rollout }: Rollout, flagKey: string, unit: string): string | undefined {
  const total = rollout.reduce((sum, [, weight]) => sum + weight, 0);
  const place = placeOf(murmur3(flagKey + unit), total);
  let end = 0;
  for (const [variant, weight] of rollout) {
    end += weight;
    if (place < end) return variant;
  }
  return undefined;
}

/** The variant that a rollout gives to everybody, if it does: then nobody has to say who they are. */
export function soleVariant({ rollout }: Rollout): string | undefined {
  const served = rollout.filter(([, weight]) => weight > 0);
  return served.length === 1 ? served[0]?.[0] : undefined;
}
