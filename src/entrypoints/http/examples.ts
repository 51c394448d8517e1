/** A schema as the OpenAPI document has it. */
export interface DocumentedSchema {
  readonly type?: string | readonly string[];
  readonly examples?: readonly unknown[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: DocumentedSchema;
  readonly properties?: Readonly<Record<string, DocumentedSchema>>;
  readonly required?: readonly string[];
}

/**
 * An example of what a schema describes: its own, else one made of those of its parts. Of an object these are what is
 * required, and what may be left out where it brings an example.
 *
 * @returns undefined where a part that is needed has none
 */
export function exampleOf(schema: DocumentedSchema): unknown {
  const { type, examples, items, properties = {}, required = [] } = schema;
  if (examples) return examples[0];
  if (type === 'array' && items) return [exampleOf(items)];
  if (type !== 'object') return schema.const ?? schema.enum?.[0];
  const parts = Object.entries(properties).map(([name, part]) => [
    name,
    required.includes(name) ? exampleOf(part) : part.examples?.[0],
  ]);
  return Object.fromEntries(parts.filter(([, example]) => example !== undefined));
}
