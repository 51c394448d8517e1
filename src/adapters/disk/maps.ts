import type { Database } from './database.ts';

/**
 * A map that is on disk as well: read from memory, and written to both. A change that is taken back on disk is taken back
 * in memory.
 */
export class DiskMap<V> extends Map<string, V> {
  private readonly put;
  private readonly remove;

  constructor(
    private readonly database: Database,
    private readonly name: string,
  ) {
    super();
    for (const { key, value } of database.prepare('SELECT key, value FROM entries WHERE map = ? ORDER BY id').all(name))
      super.set(key as string, JSON.parse(value as string) as V);
    this.put = database.prepare(
      'INSERT INTO entries (map, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    );
    this.remove = database.prepare('DELETE FROM entries WHERE map = ? AND key = ?');
  }

  override set(key: string, value: V): this {
    this.database.run(this.put, [this.name, key, JSON.stringify(value)], this.undo(key));
    return super.set(key, value);
  }

  override delete(key: string): boolean {
    if (!this.has(key)) return false;
    this.database.run(this.remove, [this.name, key], this.undo(key));
    return super.delete(key);
  }

  override clear(): void {
    for (const key of [...this.keys()]) this.delete(key);
  }

  private undo(key: string): () => void {
    if (!this.has(key)) return () => void super.delete(key);
    const before = this.get(key) as V;
    return () => void super.set(key, before);
  }
}

/** Values by a part and a key within it, of which there may be millions: on disk alone. */
export class DiskPartitionedMap<V> {
  private readonly find;
  private readonly put;
  private readonly ofPart;
  private readonly countOfPart;
  private readonly afterKey;
  private readonly beforeKey;
  private readonly removePart;

  constructor(
    private readonly database: Database,
    private readonly name: string,
  ) {
    this.find = database.prepare('SELECT value FROM items WHERE name = ? AND part = ? AND key = ?');
    this.put = database.prepare(
      'INSERT INTO items (name, part, key, value) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    );
    this.ofPart = database.prepare('SELECT value FROM items WHERE name = ? AND part = ?');
    this.countOfPart = database.prepare('SELECT count(*) AS count FROM items WHERE name = ? AND part = ?');
    this.afterKey = database.prepare(
      'SELECT key, value FROM items WHERE name = ? AND part = ? AND key > ? ORDER BY key LIMIT ?',
    );
    this.beforeKey = database.prepare(
      'SELECT key, value FROM items WHERE name = ? AND part = ? AND key < ? ORDER BY key DESC LIMIT ?',
    );
    this.removePart = database.prepare('DELETE FROM items WHERE name = ? AND part = ?');
  }

  get(part: string, key: string): V | undefined {
    const row = this.find.get(this.name, part, key);
    return row && (JSON.parse(row.value as string) as V);
  }

  set(part: string, key: string, value: V): void {
    this.database.run(this.put, [this.name, part, key, JSON.stringify(value)]);
  }

  values(part: string): V[] {
    return this.ofPart.all(this.name, part).map((row) => JSON.parse(row.value as string) as V);
  }

  count(part: string): number {
    return Number(this.countOfPart.get(this.name, part)?.count);
  }

  after(part: string, key: string, limit: number): [string, V][] {
    return this.afterKey.all(this.name, part, key, limit).map((row) => this.entryIn(row));
  }

  before(part: string, key: string, limit: number): [string, V][] {
    return this.beforeKey.all(this.name, part, key, limit).map((row) => this.entryIn(row));
  }

  clear(part: string): void {
    this.database.run(this.removePart, [this.name, part]);
  }

  private entryIn({ key, value }: Record<string, unknown>): [string, V] {
    return [key as string, JSON.parse(value as string) as V];
  }
}

/** Maps by name. Whoever asks for the same name gets the same map: two would not know of each other's changes. */
export function diskMaps(database: Database) {
  const maps = new Map<string, unknown>();
  return {
    map: <V>(name: string): Map<string, V> => {
      const map = (maps.get(name) as Map<string, V> | undefined) ?? new DiskMap<V>(database, name);
      maps.set(name, map);
      return map;
    },
    partitioned: <V>(name: string): DiskPartitionedMap<V> => new DiskPartitionedMap<V>(database, name),
  };
}
