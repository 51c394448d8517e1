// breaks: imports-resolve
import { lost } from './where.ts';

export const found = lost;
