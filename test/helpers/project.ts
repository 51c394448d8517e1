import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The directory of the project. */
export const PROJECT = resolve(import.meta.dirname, '../..');

export const readFromProject = (path: string): string => readFileSync(resolve(PROJECT, path), 'utf8');
