/** What opened must be closed, and what the service depends on can be asked whether it answers. */
export class Lifecycle {
  private readonly closers: (() => Promise<void> | void)[] = [];
  private readonly settlers: (() => Promise<void>)[] = [];
  private readonly checks = new Map<string, (() => Promise<void>)[]>();

  /** Registers the closing of something that was just opened. */
  onClose(close: () => Promise<void> | void): void {
    this.closers.push(close);
  }

  /** Registers what must be done before the process may stand still, as a function does between two events. */
  onSettle(settle: () => Promise<void>): void {
    this.settlers.push(settle);
  }

  /** Does what must be done before the process stands still. */
  async settle(): Promise<void> {
    await Promise.all(this.settlers.map((settle) => settle()));
  }

  /** Registers a dependency, or a part of one; `check` rejects when it is not reachable. */
  dependsOn(name: string, check: () => Promise<void>): void {
    this.checks.set(name, [...(this.checks.get(name) ?? []), check]);
  }

  /** Asks every dependency: one is as well as all of its parts are. */
  async health(): Promise<Record<string, 'ok' | 'unreachable'>> {
    const answers = [...this.checks].map(async ([name, checks]) => {
      const answer = await Promise.all(checks.map((check) => check())).then(
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

/** The same work, left out when it was done less than `ms` ago. */
export function atMostEvery(ms: number, work: () => Promise<void>): () => Promise<void> {
  let doneAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const now = performance.now();
    if (now - doneAt < ms) return;
    doneAt = now;
    await work();
  };
}
