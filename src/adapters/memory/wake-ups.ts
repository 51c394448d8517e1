import type { WakeUpSignals, WakeUps } from '../../ports/tasks.ts';

/** Signals within one process. */
export class MemoryWakeUps implements WakeUps, WakeUpSignals {
  private readonly listeners = new Set<(queue: string) => void>();

  async notify(queue: string): Promise<void> {
    for (const listener of this.listeners) listener(queue);
  }

  listen(listener: (queue: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
