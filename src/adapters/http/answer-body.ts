import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliDecompress, constants, unzip, type ZlibOptions } from 'node:zlib';

const unzipped = promisify(unzip);
const unbrotlied = promisify(brotliDecompress);

/** The body of an answer as text, or a sentence that says why it cannot be had. */
export type AnswerBody = { readonly text: string } | { readonly remark: string };

/** What compression adds to data that it cannot make smaller, bytes at most. */
const MAX_OVERHEAD_BYTES = 1_024;
/** To what the beginning of a body may grow by decompression. */
const MAX_BEGINNING_BYTES = 1_048_576;
const UNREADABLE = 'The body of the answer could not be read by its Content-Encoding, so it was not kept.';

/**
 * Reads a body of at most `limit` bytes, after decompression; gives up the connection if there is more.
 *
 * @throws Error when the connection breaks before the end
 */
export async function readBody(answer: IncomingMessage, limit: number): Promise<AnswerBody> {
  const tooLong = { remark: `The body of the answer has more than ${limit} bytes, so it was not kept.` };
  const encoding = encodingOf(answer);
  const { bytes, isCut } = await read(answer, encoding === '' ? limit : limit + MAX_OVERHEAD_BYTES);
  if (isCut) return tooLong;
  try {
    return { text: new TextDecoder().decode(await decoded(bytes, encoding, { maxOutputLength: limit })) };
  } catch (error) {
    return (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? tooLong : { remark: UNREADABLE };
  }
}

/** The first bytes of a body as text, as far as they arrive and can be read; `limit` is what is read at most. */
export async function beginningOf(answer: IncomingMessage, limit: number): Promise<string> {
  try {
    const { bytes } = await read(answer, limit);
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_BEGINNING_BYTES };
    return new TextDecoder().decode((await decoded(bytes, encodingOf(answer), options)).subarray(0, limit));
  } catch {
    return '';
  }
}

const encodingOf = ({ headers }: IncomingMessage): string => {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  return encoding === 'identity' ? '' : encoding;
};

async function read(stream: Readable, limit: number): Promise<{ readonly bytes: Buffer; readonly isCut: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, limit), isCut: length > limit };
}

async function decoded(bytes: Buffer, encoding: string, options: ZlibOptions): Promise<Buffer> {
  if (encoding === '' || bytes.length === 0) return bytes;
  if (encoding === 'br') return unbrotlied(bytes, { ...options, finishFlush: undefined });
  if (['gzip', 'x-gzip', 'deflate'].includes(encoding)) return unzipped(bytes, options);
  throw new Error(`unknown encoding ${encoding}`);
}
