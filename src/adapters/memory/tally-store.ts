import type { Counter, Tally } from '../../domain/votes/tally.ts';
import type { TallyStore } from '../../ports/votes.ts';
import { type Maps, memoryMaps } from './maps.ts';

/** As JSON has it. */
type StoredTally = Omit<Tally, 'marks'> & { readonly marks: readonly [region: string, counters: readonly Counter[]][] };

export class MemoryTallyStore implements TallyStore {
  private readonly tallies: Map<string, StoredTally>;

  constructor(maps: Maps = memoryMaps) {
    this.tallies = maps.map('tallies');
  }

  async get(pollId: string): Promise<Tally | undefined> {
    const stored = this.tallies.get(pollId);
    return stored && { ...stored, marks: new Map(stored.marks) };
  }

  async put(tally: Tally): Promise<boolean> {
    if ((this.tallies.get(tally.pollId)?.version ?? 0) !== tally.version - 1) return false;
    this.tallies.set(tally.pollId, { ...tally, marks: [...tally.marks] });
    return true;
  }
}
