import type { ServiceIdentifier } from 'inversify';

/** A typed name in the container: a binding or an injection of another type does not compile. */
export const token = <T>(name: string): ServiceIdentifier<T> => Symbol(name);
