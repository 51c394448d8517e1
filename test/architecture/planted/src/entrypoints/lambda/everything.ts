// breaks: functions-load-their-own-context
import { contexts } from '../composition/contexts.ts';

export const everything = contexts;
