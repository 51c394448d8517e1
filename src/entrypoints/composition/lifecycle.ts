import type { Check, Health } from '../http/system-routes.ts';

/** Something outside that the service uses, or a part of it. */
interface Dependency {
  readonly name: string;
  /** Requests fail without it. */
  readonly isNeeded: boolean;
  readonly check: () => Promise<Check>;
}

/** What opened must be closed, and what the service depends on can be asked whether it answers. */
export class Lifecycle {
  private readonly closers: (() => Promise<void> | void)[] = [];
  private readonly settlers: (() => Promise<void>)[] = [];
  private readonly resumers: (() => Promise<void>)[] = [];
  private readonly dependencies: Dependency[] = [];

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

  /** Registers what must be done before work begins, since the process may have stood still. */
  onResume(resume: () => Promise<void>): void {
    this.resumers.push(resume);
  }

  /** Does what must be done before work begins. @throws what kept that from being done */
  async resume(): Promise<void> {
    await Promise.all(this.resumers.map((resume) => resume()));
  }

  /** Registers a dependency, or a part of one, without which requests fail; `check` rejects when it is not reachable. */
  dependsOn(name: string, check: () => Promise<void>): void {
    this.dependencies.push({ name, isNeeded: true, check: () => check().then(() => 'ok' as const) });
  }

  /** Registers a dependency without which requests are still answered; `check` rejects when it is not reachable. */
  degradesWithout(name: string, check: () => Promise<Check>): void {
    this.dependencies.push({ name, isNeeded: false, check });
  }

  /** Asks every part of one dependency. Rejects when one of them is not reachable. */
  async reach(name: string): Promise<void> {
    await Promise.all(this.dependencies.filter((each) => each.name === name).map(({ check }) => check()));
  }

  /** Asks every dependency: one is as well as all of its parts are. */
  async health(): Promise<Health> {
    const answers = await Promise.all(
      this.dependencies.map(async ({ name, isNeeded, check }) => {
        const found = await check().catch(() => 'unreachable' as const);
        return { name, found, isMissed: isNeeded && found !== 'ok' };
      }),
    );
    const checks: Record<string, Check> = {};
    for (const { name, found } of answers) if ((checks[name] ?? 'ok') === 'ok') checks[name] = found;
    if (answers.some(({ isMissed }) => isMissed)) return { status: 'unavailable', checks };
    return { status: Object.values(checks).every((found) => found === 'ok') ? 'ok' : 'degraded', checks };
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
