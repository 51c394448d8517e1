import type { TaskTables } from '../../../adapters/dynamodb/task-tables.ts';
import type { CoreConfig } from '../config.ts';
import { matching, type Settings, tableName, type Values, wholeNumber } from '../settings.ts';

export const settings = {
  TASKS_TABLE: {
    meaning: 'Table of tasks; `<prefix>tasks` unless set.',
    parse: tableName,
  },
  QUEUES_TABLE: {
    meaning: 'Table of queues, their settings and their counts; `<prefix>queues` unless set.',
    parse: tableName,
  },
  WAKE_UPS_TOPIC_ARN: {
    meaning: 'SNS topic that calls the task processor; needed by the functions that wake it, unused elsewhere.',
    parse: matching(/^arn:[^:]+:sns:[^:]+:[^:]+:.+$/, 'must be the ARN of an SNS topic'),
  },
  TASK_RETENTION_DAYS: {
    meaning: 'How long a finished task is kept, in days.',
    fallback: '7',
    parse: wholeNumber(1, 3_650),
  },
} satisfies Settings;

export type TasksConfig = CoreConfig & Values<typeof settings>;

export const tablesOf = ({ TABLE_PREFIX, TASKS_TABLE, QUEUES_TABLE }: TasksConfig): TaskTables => ({
  tasks: TASKS_TABLE ?? `${TABLE_PREFIX}tasks`,
  queues: QUEUES_TABLE ?? `${TABLE_PREFIX}queues`,
});
