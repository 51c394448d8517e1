/** One thing that is wrong with a request: where (`choices[2]`, `voter`) and what to change. */
export interface FieldIssue {
  readonly path: string;
  readonly message: string;
}

export interface DomainErrorDetails {
  readonly cause?: unknown;
  readonly issues?: readonly FieldIssue[];
  /** Whole seconds after which a repeat may succeed. */
  readonly retryAfterSeconds?: number;
  /** What else whoever is refused is told, by name. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/**
 * Every failure that is reported to callers. `code` never changes once published; `docs/errors.md` lists them all.
 * The message is a sentence for the caller and carries no internal detail; that belongs into `cause`.
 */
export class DomainError extends Error {
  readonly code: string;
  readonly issues: readonly FieldIssue[];
  readonly retryAfterSeconds: number | undefined;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: DomainErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'DomainError';
    this.code = code;
    this.issues = details.issues ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.extensions = details.extensions ?? {};
  }
}

/** The request's content breaks a rule; each issue names the field. */
export const invalidRequest = (...issues: readonly FieldIssue[]): DomainError =>
  new DomainError('INVALID_REQUEST', issues.map((issue) => `${issue.path}: ${issue.message}`).join('; '), { issues });

/** An identity (an `Idempotency-Key`, a `voteId`, a `taskId`) came again with other content. */
export const idempotencyKeyReused = (identity: string): DomainError =>
  new DomainError(
    'IDEMPOTENCY_KEY_REUSED',
    `"${identity}" was used before with other content. Send the same content again, or choose a new key.`,
  );

/** A store is throttled, contended or not reachable; nothing is lost, and the same request may be sent again. */
export const storeUnavailable = (cause?: unknown, retryAfterSeconds = 1): DomainError =>
  new DomainError('STORE_UNAVAILABLE', 'The store cannot answer just now. Send the same request again.', {
    cause,
    retryAfterSeconds,
  });
