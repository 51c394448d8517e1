import type { Flag } from '../../domain/flags/flag.ts';
import {
  entriesOf,
  type FlagSet,
  type FlagSetSummary,
  type HistoryEntry,
  historyKey,
  type Revision,
} from '../../domain/flags/flag-set.ts';
import { type Page, type PageRequest, pageFrom, sortKeyIn } from '../../domain/shared/page.ts';
import type { FlagStore } from '../../ports/flags.ts';
import { type Maps, memoryMaps, type PartitionedMap } from './maps.ts';
import { pageOf } from './pages.ts';

/** What is kept of a set beside its flags. */
interface Head extends FlagSetSummary {
  readonly revision: number;
  readonly updatedAt: number;
  readonly isDeleted?: true;
}

export class MemoryFlagStore implements FlagStore {
  private readonly heads: Map<string, Head>;
  /** By set and key, with a space between. */
  private readonly flags: Map<string, Flag>;
  private readonly entries: PartitionedMap<HistoryEntry>;

  constructor(maps: Maps = memoryMaps) {
    this.heads = maps.map('flag-sets');
    this.flags = maps.map('flags');
    this.entries = maps.partitioned('flag-history');
  }

  async create(set: FlagSetSummary): Promise<boolean> {
    if (this.heads.has(set.setId)) return false;
    this.heads.set(set.setId, { ...set, revision: 0, updatedAt: set.createdAt });
    return true;
  }

  async get(setId: string): Promise<FlagSet | undefined> {
    const head = this.head(setId);
    if (!head) return undefined;
    const ofSet = [...this.flags].filter(([name]) => name.startsWith(`${setId} `));
    return { ...head, flags: new Map(ofSet.map(([, flag]) => [flag.key, flag])) };
  }

  async revision(setId: string): Promise<number | undefined> {
    return this.head(setId)?.revision;
  }

  async commit(set: FlagSet, revision: Revision): Promise<boolean> {
    const head = this.head(set.setId);
    if (head?.revision !== set.revision) return false;
    this.heads.set(set.setId, { ...head, revision: revision.revision, updatedAt: revision.at });
    for (const { key, after } of revision.changes) {
      const name = `${set.setId} ${key}`;
      if (after) this.flags.set(name, after);
      else this.flags.delete(name);
    }
    for (const [index, entry] of entriesOf(revision).entries())
      this.entries.set(set.setId, historyKey(revision.revision, index), entry);
    return true;
  }

  async delete(setId: string, revision: number): Promise<boolean> {
    const head = this.head(setId);
    if (head?.revision !== revision) return false;
    this.heads.set(setId, { ...head, isDeleted: true });
    return true;
  }

  async clear(setId: string): Promise<void> {
    if (!this.heads.get(setId)?.isDeleted) return;
    for (const name of [...this.flags.keys()]) if (name.startsWith(`${setId} `)) this.flags.delete(name);
    this.entries.clear(setId);
  }

  async history(setId: string, page: PageRequest): Promise<Page<HistoryEntry>> {
    const behind = page.cursor === undefined ? '~' : sortKeyIn(page.cursor);
    const entries = this.head(setId) ? this.entries.before(setId, behind, page.limit + 1) : [];
    const { items, ...next } = pageFrom(entries, page.limit, ([sortKey]) => sortKey);
    return { items: items.map(([, entry]) => entry), ...next };
  }

  async list(page: PageRequest): Promise<Page<FlagSetSummary>> {
    const present = [...this.heads.values()].filter(({ isDeleted }) => !isDeleted);
    const { items, ...next } = pageOf(present, ({ setId }) => setId, page);
    return { items: items.map(({ setId, title, createdAt }) => ({ setId, title, createdAt })), ...next };
  }

  private head(setId: string): Head | undefined {
    const head = this.heads.get(setId);
    return head?.isDeleted ? undefined : head;
  }
}
