import type { Tally } from '../../domain/votes/tally.ts';
import type { TallyStore } from '../../ports/votes.ts';
import { type Maps, memoryMaps } from './maps.ts';

export class MemoryTallyStore implements TallyStore {
  private readonly tallies: Map<string, Tally>;

  constructor(maps: Maps = memoryMaps) {
    this.tallies = maps.map('tallies');
  }

  async get(pollId: string): Promise<Tally | undefined> {
    return this.tallies.get(pollId);
  }

  async put(tally: Tally): Promise<boolean> {
    if ((this.tallies.get(tally.pollId)?.version ?? 0) !== tally.version - 1) return false;
    this.tallies.set(tally.pollId, tally);
    return true;
  }
}
