export interface PageRequest {
  /** The most items to return, 1–100. */
  readonly limit: number;
  /** The `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Given while there is more. Opaque: only the store that made it can read it. */
  readonly nextCursor?: string;
}
