// breaks: domain-keeps-to-its-context
import { task } from '../tasks/task.ts';

export const count = task;
