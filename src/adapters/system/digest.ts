import { createHash } from 'node:crypto';
import type { Digest } from '../../ports/system.ts';

export const sha256: Digest = { of: (text) => createHash('sha256').update(text).digest('base64url') };
