/** A run of made-up traffic against a service that is up, or something made up behind one. */
export interface Scenario {
  readonly summary: string;
  readonly usage: string;
  /** @returns the exit code: 0 only if everything that the service reports is right */
  run(args: readonly string[]): Promise<number>;
}
