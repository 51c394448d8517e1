import type { RateTable } from '../../src/domain/stocks/rates.ts';
import type { RateAnswer, RateRequest, RateSource } from '../../src/ports/stocks.ts';

/** A source that does as the test says and remembers how it was asked. */
export class ScriptedRateSource implements RateSource {
  readonly id: string;
  readonly requests: RateRequest[] = [];
  usd = '1.0855';
  version = 1;
  maxAgeMs: number | undefined;
  failing = false;
  /** How much it wants to be left alone. */
  rest: 'none' | 'unless urgent' | 'always' = 'none';
  asOf = Date.UTC(2025, 11, 31);
  /** Until it resolves, nobody gets an answer. */
  gate: Promise<void> = Promise.resolve();

  constructor(readonly name = 'frankfurter') {
    this.id = `${name}:EUR`;
  }

  get table(): RateTable {
    return { source: this.name, base: 'EUR', asOf: this.asOf, rates: new Map([['USD', this.usd]]) };
  }

  isCoolingDown(isUrgent: boolean): boolean {
    return this.rest === 'always' || (this.rest === 'unless urgent' && !isUrgent);
  }

  async fetch(request: RateRequest): Promise<RateAnswer> {
    this.requests.push(request);
    const { gate } = this;
    await gate;
    if (this.failing) throw new Error(`${this.name} is down`);
    const etag = `"v${this.version}"`;
    if (request.etag === etag) return { kind: 'unchanged', maxAgeMs: this.maxAgeMs };
    return { kind: 'table', table: this.table, etag, maxAgeMs: this.maxAgeMs, warnings: [] };
  }

  /** From now on nobody gets an answer until the returned function is called. */
  hold(): () => void {
    let open = (): void => undefined;
    this.gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }
}
