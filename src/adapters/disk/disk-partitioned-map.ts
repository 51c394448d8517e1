import type { Database } from './database.ts';
import { fromJson, toJson } from './json.ts';

/** Values by a part and a key within it, of which there may be millions: on disk alone. */
export class DiskPartitionedMap<V> {
  private readonly find;
  private readonly put;
  private readonly ofPart;
  private readonly countOfPart;

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
  }

  get(part: string, key: string): V | undefined {
    const row = this.find.get(this.name, part, key);
    return row && (fromJson(row.value as string) as V);
  }

  set(part: string, key: string, value: V): void {
    this.database.run(this.put, [this.name, part, key, toJson(value)]);
  }

  values(part: string): V[] {
    return this.ofPart.all(this.name, part).map((row) => fromJson(row.value as string) as V);
  }

  count(part: string): number {
    return Number(this.countOfPart.get(this.name, part)?.count);
  }
}
