import type { FastifyRequest } from 'fastify';

/** What people change by requests, and what the log has an event line for each change of. */
export type Changed = 'flag' | 'flagSet' | 'limit' | 'poll' | 'policy' | 'queue' | 'stock';

/**
 * Writes a line into the log that says what a request has changed; who sent it stands in every line about a request.
 *
 * @param id of what was changed
 * @param before as anybody may see it who may read the log: without secrets and personal data; undefined if there was none
 * @param after undefined if there is none any more
 */
export function recordChange(
  { log }: Pick<FastifyRequest, 'log'>,
  changed: Changed,
  id: string,
  before: object | undefined,
  after: object | undefined,
): void {
  const what = before === undefined ? 'created' : after === undefined ? 'deleted' : 'changed';
  log.info({ [changed]: id, before: before ?? null, after: after ?? null }, `${changed} ${what}`);
}
