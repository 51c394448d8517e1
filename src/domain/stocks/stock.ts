/** What ids of stocks look like: 1–64 letters, digits, dots, _ and -, with a letter or digit first. */
export const STOCK_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** A stock and its value in its own currency. */
export interface Stock {
  readonly stockId: string;
  /** A decimal string, exactly as it was given: `97.00` stays `97.00`. */
  readonly value: string;
  /** A code of ISO 4217, which may have been withdrawn since, or a minor unit such as GBX. */
  readonly currency: string;
  /** Epoch ms. */
  readonly updatedAt: number;
}

/** The currency of a new stock for which none is given. */
export const DEFAULT_CURRENCY = 'EUR';
