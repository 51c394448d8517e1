import { utf8 } from './utf8.ts';

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));
const mix = (block: number): number => Math.imul(rotate(Math.imul(block, C1), 15), C2);

/** MurmurHash3, the variant for x86 of 32 bits, with seed 0, of a text in UTF-8: a whole number below 2³². */
export function murmur3(text: string): number {
  const bytes = utf8(text);
  const end = bytes.length & ~3;
  let hash = 0;
  for (let at = 0; at < end; at += 4) {
    hash ^= mix(
      byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24),
    );
    hash = Math.imul(rotate(hash, 13), 5) + 0xe6546b64;
  }
  if (end < bytes.length) hash ^= mix(byte(bytes, end) | (byte(bytes, end + 1) << 8) | (byte(bytes, end + 2) << 16));
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** 0 behind the end. */
const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
