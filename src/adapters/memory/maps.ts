/** Values by a part and a key within it, of which there may be millions. */
export interface PartitionedMap<V> {
  get(part: string, key: string): V | undefined;
  set(part: string, key: string, value: V): void;
  values(part: string): readonly V[];
  count(part: string): number;
  /** Entries of a part whose keys are greater than one, in the order of their keys. The empty one is less than all. */
  after(part: string, key: string, limit: number): readonly (readonly [key: string, value: V])[];
  /** Entries of a part whose keys are less than one, the greatest first. */
  before(part: string, key: string, limit: number): readonly (readonly [key: string, value: V])[];
  /** Removes a part. */
  clear(part: string): void;
}

/**
 * Where the embedded stores keep what they hold, under names of their own: in memory, or on disk as well. Values are JSON,
 * and are replaced, never changed in place.
 */
export interface Maps {
  /** A map that is in memory as a whole. */
  map<V>(name: string): Map<string, V>;
  partitioned<V>(name: string): PartitionedMap<V>;
}

class MemoryPartitionedMap<V> implements PartitionedMap<V> {
  private readonly parts = new Map<string, Map<string, V>>();

  get(part: string, key: string): V | undefined {
    return this.parts.get(part)?.get(key);
  }

  set(part: string, key: string, value: V): void {
    const entries = this.parts.get(part) ?? new Map<string, V>();
    this.parts.set(part, entries.set(key, value));
  }

  values(part: string): readonly V[] {
    return [...(this.parts.get(part)?.values() ?? [])];
  }

  count(part: string): number {
    return this.parts.get(part)?.size ?? 0;
  }

  after(part: string, key: string, limit: number): readonly (readonly [string, V])[] {
    return [...(this.parts.get(part) ?? [])]
      .filter(([each]) => each > key)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .slice(0, limit);
  }

  before(part: string, key: string, limit: number): readonly (readonly [string, V])[] {
    return [...(this.parts.get(part) ?? [])]
      .filter(([each]) => each < key)
      .sort(([one], [other]) => (one > other ? -1 : 1))
      .slice(0, limit);
  }

  clear(part: string): void {
    this.parts.delete(part);
  }
}

/** Maps that end with the process. */
export const memoryMaps: Maps = {
  map: () => new Map(),
  partitioned: () => new MemoryPartitionedMap(),
};
