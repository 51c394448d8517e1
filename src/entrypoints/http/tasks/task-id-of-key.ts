import { createHash } from 'node:crypto';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 26;

/** The id that an `Idempotency-Key` stands for: 128 bits of its SHA-256, written like any other id that is made here. */
export function taskIdOfKey(key: string): string {
  let bits = BigInt(`0x${createHash('sha256').update(key).digest('hex').slice(0, 32)}`);
  let id = '';
  for (let index = 0; index < LENGTH; index++) {
    id = CROCKFORD.charAt(Number(bits & 31n)) + id;
    bits >>= 5n;
  }
  return id;
}
