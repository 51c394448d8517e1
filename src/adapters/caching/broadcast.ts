/** A condition variable: wakes all waiters. */
export class Broadcast {
  private readonly waiting = new Set<() => void>();

  /** Resolves with the next {@link notifyAll}, at the latest after `ms`. */
  within(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.max(0, ms));
      this.waiting.add(wake);
    });
  }

  notifyAll(): void {
    for (const wake of this.waiting) wake();
  }
}
