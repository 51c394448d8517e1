import type { TaskNotifications, TaskNotifier } from '../../ports/tasks.ts';

/** Notifications within one process. */
export class MemoryTaskNotifier implements TaskNotifier, TaskNotifications {
  private readonly listeners = new Set<(queue: string, inMs: number) => void>();

  async notify(queues: readonly string[], inMs = 0): Promise<void> {
    for (const queue of queues) for (const listener of this.listeners) listener(queue, inMs);
  }

  subscribe(listener: (queue: string, inMs: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
