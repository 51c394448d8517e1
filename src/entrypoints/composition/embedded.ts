import { randomBytes } from 'node:crypto';
import { type Bind, ContainerModule, type ServiceIdentifier } from 'inversify';
import type { Database } from '../../adapters/disk/database.ts';
import { type Maps, memoryMaps } from '../../adapters/memory/maps.ts';
import { token } from './token.ts';

/** Where the stores of a process keep what they hold, where it is no database: in memory, or on disk as well. */
export interface EmbeddedStorage {
  readonly maps: Maps;
  /** The same store; what it answers is as safe as this storage makes it. */
  durable<Store extends object>(store: Store): Store;
  /** The disk, if that is where it is. */
  readonly disk?: Database;
}

/** An embedded storage on disk. */
export type DiskStorage = EmbeddedStorage & { readonly disk: Database };

export const isOnDisk = (storage: EmbeddedStorage): storage is DiskStorage => storage.disk !== undefined;

export const inMemory: EmbeddedStorage = { maps: memoryMaps, durable: (store) => store };

export const embedded = token<EmbeddedStorage>('EmbeddedStorage');

export const embeddedModule = (storage: EmbeddedStorage): ContainerModule =>
  new ContainerModule(({ bind }) => void bind(embedded).toConstantValue(storage));

/** Binds a store of the embedded storage. */
export function bindEmbedded<Store extends object>(
  bind: Bind,
  port: ServiceIdentifier<Store>,
  make: (storage: EmbeddedStorage) => Store,
): void {
  bind<Store>(port).toResolvedValue((storage) => storage.durable(make(storage)), [embedded]);
}

/**
 * What a context holds when it starts for the first time. Whoever deletes it does not find it there again after a restart.
 *
 * @param items made at the first start alone, and to be stored at once
 */
export function firstContent<Item>(
  { maps }: EmbeddedStorage,
  context: string,
  items: () => readonly Item[],
): readonly Item[] {
  const started = maps.map<true>('started-contexts');
  if (started.has(context)) return [];
  started.set(context, true);
  return items();
}

/** A key that nobody gave: made once, and kept as long as the data. */
export function madeKey({ maps }: EmbeddedStorage, name: string): string {
  const keys = maps.map<string>('made-keys');
  const key = keys.get(name) ?? randomBytes(24).toString('base64url');
  if (!keys.has(name)) keys.set(name, key);
  return key;
}
