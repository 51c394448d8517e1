// breaks: src-uses-runtime-packages, package-without-a-home
import fc from 'fast-check';

export const anything = fc.anything();
