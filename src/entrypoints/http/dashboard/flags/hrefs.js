/** Stands for a new flag in the address: no key begins like this. */
export const NEW = '~new';

/**
 * @param {string} setId
 * @param {string} [key] of a flag
 */
export const hrefOf = (setId, key) => `#/flags/${setId}${key === undefined ? '' : `/${key}`}`;
