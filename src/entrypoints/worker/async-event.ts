/** An auto-reset event, set at once or at a time: a `set` before `wait` is not lost. */
export class AsyncEvent {
  /** When it is set, ms on a monotonic clock. */
  private setsAt = Number.POSITIVE_INFINITY;
  private onSooner: (() => void) | undefined;

  /** Whether it is set, or will be. */
  get isSet(): boolean {
    return this.setsAt < Number.POSITIVE_INFINITY;
  }

  /** @param inMs from now; an earlier time that is set already stays */
  set(inMs = 0): void {
    const at = performance.now() + inMs;
    if (at >= this.setsAt) return;
    this.setsAt = at;
    this.onSooner?.();
  }

  /** Resolves once the event is set, and resets it; at the latest after `ms`. @returns whether it was set */
  async wait(ms: number): Promise<boolean> {
    const end = performance.now() + ms;
    const isDue = (): boolean => this.setsAt <= performance.now();
    while (!isDue() && performance.now() < end) await this.untilSooner(Math.min(end, this.setsAt));
    const wasSet = isDue();
    if (wasSet) this.setsAt = Number.POSITIVE_INFINITY;
    return wasSet;
  }

  /** Resolves at a time of the monotonic clock, or once the event is set for an earlier time than before. */
  private untilSooner(at: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, at - performance.now()));
      this.onSooner = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
