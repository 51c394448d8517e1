/** JSON that knows Maps and Sets too, as `{ "$map": [[key, value], …] }` and `{ "$set": [value, …] }`. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, inner) => {
    if (inner instanceof Map) return { $map: [...inner] };
    return inner instanceof Set ? { $set: [...inner] } : inner;
  });

export const fromJson = (text: string): unknown =>
  JSON.parse(text, (_, inner) => {
    if (inner?.$map) return new Map(inner.$map);
    return inner?.$set ? new Set(inner.$set) : inner;
  });
