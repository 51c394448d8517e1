import type { BuildCompilerFromPool } from '@fastify/ajv-compiler';
import type { SerializerFactory } from '@fastify/fast-json-stringify-compiler';
import type { FastifySchemaCompiler, FastifyServerOptions } from 'fastify';

type Validate = ReturnType<FastifySchemaCompiler<unknown>>;

/** Made at the first call, the same ever after. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/**
 * Compiles the schemas of a route when it is called for the first time, where Fastify would compile those of all routes
 * at the start: most of the time that a function takes to start would go into routes that it never serves.
 */
export class LazyCompilers {
  private factories:
    | { readonly validators: BuildCompilerFromPool; readonly serializers: SerializerFactory }
    | undefined;

  /** For Fastify. What looks like a compiled schema is compiled at its first use. */
  readonly schemaController: NonNullable<FastifyServerOptions['schemaController']> = {
    compilersFactory: {
      buildValidator: ((...options) => {
        const compile = once(() => this.loaded.validators(...options));
        return (route: never) => {
          const validate = once(() => compile()(route) as Validate);
          const validateWhenCalled: Validate = (data) => validate()(data);
          return Object.defineProperty(validateWhenCalled, 'errors', { get: () => validate().errors });
        };
      }) as BuildCompilerFromPool,
      buildSerializer: (...options) => {
        const compile = once(() => this.loaded.serializers(...options));
        return (route) => {
          const serialize = once(() => compile()(route));
          return (data) => serialize()(data);
        };
      },
    },
  };

  /** Loads the compilers; must have ended before the first request is validated. */
  async load(): Promise<void> {
    if (this.factories) return;
    const [{ default: validators }, { default: serializers }] = await Promise.all([
      import('@fastify/ajv-compiler'),
      import('@fastify/fast-json-stringify-compiler'),
    ]);
    this.factories = { validators: validators(), serializers: serializers() };
  }

  private get loaded() {
    if (!this.factories) throw new Error('The compilers are not loaded');
    return this.factories;
  }
}
