/** Something to wait for that may ring at any time, also just before somebody waits. */
export class Bell {
  private hasRung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.hasRung = true;
    this.wake?.();
  }

  /** Resolves when the bell rings or has rung since the last wait, at the latest after `ms`. */
  async wait(ms: number): Promise<void> {
    if (!this.hasRung)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.hasRung = false;
    this.wake = undefined;
  }
}
