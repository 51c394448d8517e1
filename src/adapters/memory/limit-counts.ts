import type { LimitCounts, TakeCounts } from '../../ports/limits.ts';
import { type Maps, memoryMaps } from './maps.ts';

/** Counts of the only process. What it has not stored yet is read as well. */
export class MemoryLimitCounts implements LimitCounts {
  private readonly stored: Map<string, TakeCounts>;
  private pending = new Map<string, TakeCounts>();

  constructor(maps: Maps = memoryMaps) {
    this.stored = maps.map('limit-counts');
  }

  bePresent(): void {}

  add(policyId: string, counts: TakeCounts): void {
    this.pending.set(policyId, sum(this.pending.get(policyId), counts));
  }

  async flush(): Promise<void> {
    const { pending } = this;
    this.pending = new Map();
    for (const [policyId, counts] of pending) this.stored.set(policyId, sum(this.stored.get(policyId), counts));
  }

  async read(policyIds: readonly string[]): Promise<ReadonlyMap<string, TakeCounts>> {
    return new Map(policyIds.map((id) => [id, sum(this.stored.get(id), this.pending.get(id))]));
  }

  async remove(policyId: string): Promise<void> {
    this.pending.delete(policyId);
    this.stored.delete(policyId);
  }

  processes(): number {
    return 1;
  }
}

function sum(one: TakeCounts | undefined, other: TakeCounts | undefined): TakeCounts {
  return {
    allowed: (one?.allowed ?? 0) + (other?.allowed ?? 0),
    refused: (one?.refused ?? 0) + (other?.refused ?? 0),
    degraded: (one?.degraded ?? 0) + (other?.degraded ?? 0),
  };
}
