import type { Bind, ServiceIdentifier } from 'inversify';

/** A typed name in the container: a binding or an injection of another type does not compile. */
export const token = <T>(name: string): ServiceIdentifier<T> => Symbol(name);

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
    readonly [Index in keyof Parameters]: ServiceIdentifier<Parameters[Index]> | Value<Parameters[Index]>;
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
