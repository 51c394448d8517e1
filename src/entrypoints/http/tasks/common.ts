export const tags = ['tasks'];

/** Every route of tasks needs a key and the store. */
export const keyed = (...problems: readonly string[]) => ({ key: true, problems: [...problems, 'STORE_UNAVAILABLE'] });
