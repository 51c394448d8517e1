/** A stock and its value in its own currency. */
export interface Stock {
  readonly stockId: string;
  /** A decimal string, exactly as it was given: `97.00` stays `97.00`. */
  readonly value: string;
  /** ISO 4217. */
  readonly currency: string;
  /** Epoch ms. */
  readonly updatedAt: number;
}

/** The currency of a new stock for which none is given. */
export const DEFAULT_CURRENCY = 'EUR';
