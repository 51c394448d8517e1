/** What opened must be closed, and what the service depends on can be asked whether it answers. */
export class Lifecycle {
  private readonly closers: (() => Promise<void> | void)[] = [];
  private readonly settlers: (() => Promise<void>)[] = [];
  private readonly checks = new Map<string, () => Promise<void>>();

  /** Registers the closing of something that was just opened. */
  onClose(close: () => Promise<void> | void): void {
    this.closers.push(close);
  }

  /** Registers what must be stored before the process may stand still, as a function does between two events. */
  onSettle(settle: () => Promise<void>): void {
    this.settlers.push(settle);
  }

  /** Stores what must be stored before the process stands still. */
  async settle(): Promise<void> {
    await Promise.all(this.settlers.map((settle) => settle()));
  }

  /** Registers a dependency; `check` rejects when it is not reachable. */
  dependsOn(name: string, check: () => Promise<void>): void {
    this.checks.set(name, check);
  }

  /** Asks every dependency. */
  async health(): Promise<Record<string, 'ok' | 'unreachable'>> {
    const answers = [...this.checks].map(async ([name, check]) => {
      const answer = await check().then(
        () => 'ok' as const,
        () => 'unreachable' as const,
      );
      return [name, answer] as const;
    });
    return Object.fromEntries(await Promise.all(answers));
  }

  /** Closes in reverse order of opening; a failure does not keep the rest open. */
  async close(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) await Promise.resolve(close()).catch(() => undefined);
  }
}
