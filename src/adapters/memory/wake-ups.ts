import type { WakeUpSignals, WakeUps } from '../../ports/tasks.ts';

/** Signals within one process. */
export class MemoryWakeUps implements WakeUps, WakeUpSignals {
  private readonly listeners = new Set<(queue: string, inMs: number) => void>();

  async notify(queues: readonly string[], inMs = 0): Promise<void> {
    for (const queue of queues) for (const listener of this.listeners) listener(queue, inMs);
  }

  listen(listener: (queue: string, inMs: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
