import type { VoterKeys } from '../../ports/votes.ts';
import { type Maps, memoryMaps } from './maps.ts';

const FINGERPRINT = 'fingerprint';

export class MemoryVoterKeys implements VoterKeys {
  private readonly stored: Map<string, string>;

  constructor(maps: Maps = memoryMaps) {
    this.stored = maps.map('voter-keys');
  }

  async putFirst(fingerprint: string): Promise<string> {
    if (!this.stored.has(FINGERPRINT)) this.stored.set(FINGERPRINT, fingerprint);
    return this.stored.get(FINGERPRINT) as string;
  }

  async replace(fingerprint: string): Promise<void> {
    this.stored.set(FINGERPRINT, fingerprint);
  }
}
