import type { VoterKeys } from '../../ports/votes.ts';

export class MemoryVoterKeys implements VoterKeys {
  private stored: string | undefined;

  async putFirst(fingerprint: string): Promise<string> {
    this.stored ??= fingerprint;
    return this.stored;
  }

  async replace(fingerprint: string): Promise<void> {
    this.stored = fingerprint;
  }
}
