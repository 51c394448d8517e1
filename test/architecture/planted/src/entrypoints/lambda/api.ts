import { contexts } from '../composition/contexts.ts';

export const handler = contexts;
