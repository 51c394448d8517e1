// breaks: ports-know-only-the-domain
import type { Readable } from 'node:stream';

export type Body = Readable;
