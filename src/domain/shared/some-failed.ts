/** The most names in the message. */
const NAMED = 10;

/** @param failures what went wrong, by the name of the poll or the queue that could not be swept */
export function someFailed(what: 'polls' | 'queues', failures: ReadonlyMap<string, unknown>): AggregateError {
  const names = [...failures.keys()];
  const others = names.length > NAMED ? ` and ${names.length - NAMED} others` : '';
  return new AggregateError(
    [...failures.values()],
    `${names.length} ${what} could not be swept: ${names.slice(0, NAMED).join(', ')}${others}`,
  );
}
