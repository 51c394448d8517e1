/** Arguments that cannot be carried out; the message says which and why. */
export class UsageError extends Error {}

/** The service does not answer, or not as the run needs it; the message says what to do. */
export class ServiceError extends Error {}
