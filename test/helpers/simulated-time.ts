import { FakeClock } from './fakes.ts';

/**
 * A clock on which things take time without anybody waiting: whoever sleeps longest runs last, and one at a time, so
 * that the same seed gives the same run.
 */
export class SimulatedTime extends FakeClock {
  private readonly sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  private running = 0;
  private onIdle: () => void = () => undefined;

  /** @param ms simulated; rounded */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const at = this.now() + Math.round(ms);
      const place = this.sleepers.findIndex((sleeper) => sleeper.at > at);
      this.sleepers.splice(place < 0 ? this.sleepers.length : place, 0, { at, wake: resolve });
      this.rest();
    });
  }

  /** Begins something that goes on beside the rest. */
  begin(work: () => Promise<void>): void {
    this.running++;
    void work().then(
      () => this.rest(),
      (error) => {
        this.failure ??= error;
        this.rest();
      },
    );
  }

  /** Runs until nobody sleeps any more. @throws what anything that was begun has thrown */
  async run(): Promise<void> {
    for (;;) {
      if (this.running > 0)
        await new Promise<void>((resolve) => {
          this.onIdle = resolve;
        });
      if (this.failure) throw this.failure;
      const next = this.sleepers.shift();
      if (!next) return;
      this.advance(next.at - this.now());
      this.running++;
      next.wake();
    }
  }

  private failure: unknown;

  private rest(): void {
    this.running--;
    if (this.running === 0) this.onIdle();
  }
}
