/** The name of an item in a change feed. No poll has `#` in its id. */
export const itemOf = (pollId: string, key: string): string => `${pollId}#${key}`;

/** The poll and the rest in the name of an item. */
export function partsOf(item: string): [pollId: string, key: string] {
  const end = item.indexOf('#');
  return [item.slice(0, end), item.slice(end + 1)];
}
