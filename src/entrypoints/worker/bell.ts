/** Something to wait for that may ring at any time, also just before somebody waits. */
export class Bell {
  /** When it rings, ms of a steady clock. */
  private ringsAt = Number.POSITIVE_INFINITY;
  private onSooner: (() => void) | undefined;

  /** Whether it has rung since the last wait, or will ring. */
  get isSet(): boolean {
    return this.ringsAt < Number.POSITIVE_INFINITY;
  }

  /** @param inMs from now; a ring that is due sooner stands */
  ring(inMs = 0): void {
    const at = performance.now() + inMs;
    if (at >= this.ringsAt) return;
    this.ringsAt = at;
    this.onSooner?.();
  }

  /** Resolves when the bell rings or has rung since the last wait, at the latest after `ms`. @returns whether it rang */
  async wait(ms: number): Promise<boolean> {
    const end = performance.now() + ms;
    const hasRung = (): boolean => this.ringsAt <= performance.now();
    while (!hasRung() && performance.now() < end) await this.untilSooner(Math.min(end, this.ringsAt));
    const rang = hasRung();
    if (rang) this.ringsAt = Number.POSITIVE_INFINITY;
    return rang;
  }

  /** Resolves at a moment of the steady clock, or once the bell is to ring sooner than it was. */
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
