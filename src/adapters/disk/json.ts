/**
 * JSON that knows Maps and Sets too, as `{ "$map": [[key, value], …] }` and `{ "$set": [value, …] }`. Keys that begin with `$`
 * get another one, so that nothing that people name is taken for either.
 */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, inner) => {
    if (inner instanceof Map) return new Tagged('$map', [...inner]);
    if (inner instanceof Set) return new Tagged('$set', [...inner]);
    if (inner instanceof Tagged || !hasDollar(inner)) return inner;
    return Object.fromEntries(
      Object.entries(inner).map(([key, each]) => [key.startsWith('$') ? `$${key}` : key, each]),
    );
  });

export const fromJson = (text: string): unknown =>
  JSON.parse(text, (_, inner) => {
    if (!hasDollar(inner)) return inner;
    if (inner.$map) return new Map(inner.$map as [unknown, unknown][]);
    if (inner.$set) return new Set(inner.$set as unknown[]);
    return Object.fromEntries(
      Object.entries(inner).map(([key, each]) => [key.startsWith('$') ? key.slice(1) : key, each]),
    );
  });

/** Stands in JSON for a Map or a Set. */
class Tagged {
  [tag: string]: readonly unknown[];

  constructor(tag: '$map' | '$set', items: readonly unknown[]) {
    this[tag] = items;
  }
}

const hasDollar = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.keys(value).some((key) => key.startsWith('$'));
