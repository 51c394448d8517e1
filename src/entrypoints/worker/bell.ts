/** Something to wait for that may ring at any time, also just before somebody waits. */
export class Bell {
  /** When it rings, ms of a steady clock. */
  private ringsAt = Number.POSITIVE_INFINITY;
  private onSooner: (() => void) | undefined;

  /** Whether it has rung since the last wait. */
  get hasRung(): boolean {
    return this.ringsAt <= performance.now();
  }

  /** @param inMs from now; earlier if it was to ring earlier already */
  ring(inMs = 0): void {
    const at = performance.now() + inMs;
    if (at >= this.ringsAt) return;
    this.ringsAt = at;
    this.onSooner?.();
  }

  /** Resolves when the bell rings or has rung since the last wait, at the latest after `ms`. @returns whether it rang */
  async wait(ms: number): Promise<boolean> {
    const end = performance.now() + ms;
    while (!this.hasRung && performance.now() < end) await this.untilSooner(Math.min(end, this.ringsAt));
    const hasRung = this.hasRung;
    if (hasRung) this.ringsAt = Number.POSITIVE_INFINITY;
    return hasRung;
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
