interface Reads<Value> {
  readonly underWay: Promise<Value>;
  waiting: Promise<Value> | undefined;
}

/**
 * Lets all who want to read one thing at a time share their reads. Of each key one read is under way and at most one
 * waits behind it, however many ask; and nobody is answered by a read that began before they asked:
 *
 *     A asks ─ read 1 ───────────────┐ A answered
 *          B, C ask ─ wait for read 2 ┴ read 2 ───── B and C answered
 */
export class SharedReads<Value> {
  private readonly reads = new Map<string, Reads<Value>>();

  constructor(private readonly source: (key: string) => Promise<Value>) {}

  read(key: string): Promise<Value> {
    const reads = this.reads.get(key);
    if (!reads) return this.begin(key);
    const next = () => this.begin(key);
    reads.waiting ??= reads.underWay.then(next, next);
    return reads.waiting;
  }

  private begin(key: string): Promise<Value> {
    const reads: Reads<Value> = { underWay: this.source(key), waiting: undefined };
    this.reads.set(key, reads);
    const end = (): void => {
      if (!reads.waiting) this.reads.delete(key);
    };
    reads.underWay.then(end, end);
    return reads.underWay;
  }
}
