import type { Database } from './database.ts';
import { fromJson, toJson } from './json.ts';

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
      super.set(key as string, fromJson(value as string) as V);
    this.put = database.prepare(
      'INSERT INTO entries (map, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    );
    this.remove = database.prepare('DELETE FROM entries WHERE map = ? AND key = ?');
  }

  override set(key: string, value: V): this {
    this.database.run(this.put, [this.name, key, toJson(value)], this.undo(key));
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
