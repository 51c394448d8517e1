// breaks: functions-load-their-own-context
import { everything } from './everything.ts';

export const handler = everything;
