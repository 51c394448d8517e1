import type { Bind, Newable, ServiceIdentifier } from 'inversify';

declare const type: unique symbol;

/** A name in the container. Other symbols and strings, which could stand for anything, are none. */
export type Token<T> = ServiceIdentifier<T> & { readonly [type]: T };

/** A typed name in the container: a binding or an injection of another type does not compile. */
export const token = <T>(name: string): Token<T> => Symbol(name) as symbol & Token<T>;

/** A dependency that is known when it is bound, such as a setting. */
class Value<T> {
  constructor(readonly value: T) {}
}

export const value = <T>(of: T): Value<T> => new Value(of);

/**
 * Binds a class to itself, made of these dependencies in the order of its constructor's parameters. One that is missing,
 * swapped or of another type does not compile.
 */
export function provide<const Parameters extends readonly unknown[], T>(
  bind: Bind,
  made: new (...parameters: Parameters) => T,
  ...dependencies: {
    readonly [Index in keyof Parameters]:
      | Token<Parameters[Index]>
      | Newable<Parameters[Index]>
      | Value<Parameters[Index]>;
  }
): void {
  const injected = dependencies.filter((dependency) => !(dependency instanceof Value)) as ServiceIdentifier[];
  bind<T>(made).toResolvedValue((...resolved: unknown[]) => {
    const parameters = dependencies.map((dependency) =>
      dependency instanceof Value ? dependency.value : resolved.shift(),
    );
    return new made(...(parameters as unknown as Parameters));
  }, injected);
}
