import type { CoreConfig } from '../config.ts';
import { type Settings, type Values, wholeNumber } from '../settings.ts';

export const settings = {
  TASK_RETENTION_DAYS: {
    meaning: 'How long a finished task is kept, in days.',
    fallback: '7',
    parse: wholeNumber(1, 3_650),
  },
} satisfies Settings;

export type TasksConfig = CoreConfig & Values<typeof settings>;
