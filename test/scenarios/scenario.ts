import type { HttpAnswer, HttpRequest } from '../helpers/http.ts';

/** The ways in which the service meets requests. */
export type Runtime = 'inject' | 'container' | 'HTTP API (2.0)' | 'REST API (1.0)' | 'load balancer' | 'deployed stack';
export const ON_LAMBDA: readonly Runtime[] = ['HTTP API (2.0)', 'REST API (1.0)', 'load balancer', 'deployed stack'];

/** What an answer must have. */
export interface Expected {
  readonly status: number;
  /** Headers by name; `undefined` where there must be none. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** JSON: at least these members. Text: exactly this, or what the expression finds. */
  readonly body?: object | string | RegExp;
}

/** Some runtimes answer otherwise than the others, in what is named here alone, and have a reason. */
export interface Difference extends Partial<Expected> {
  readonly runtimes: readonly Runtime[];
  readonly because: string;
}

/** A request and what its answer must have. */
export interface Exchange extends Expected {
  /** May be made out of the answers before it in the scenario. */
  readonly request: HttpRequest | ((answers: readonly HttpAnswer[]) => HttpRequest);
  readonly differences?: readonly Difference[];
}

/** Requests that are sent one after the other, to a service that starts with the poll `colors`. */
export interface Scenario {
  readonly what: string;
  readonly exchanges: readonly Exchange[];
  /** Runtimes in which it cannot be played, and why. */
  readonly except?: { readonly runtimes: readonly Runtime[]; readonly because: string };
}

/** How a runtime may differ from the others in its answer. */
export const differenceIn = ({ differences = [] }: Exchange, runtime: Runtime): Difference | undefined =>
  differences.find(({ runtimes }) => runtimes.includes(runtime));
