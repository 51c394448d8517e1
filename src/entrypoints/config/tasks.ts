import type { TaskTables } from '../../adapters/dynamodb/task-tables.ts';
import { AllowedHosts, parseHostRule } from '../../adapters/http/allowed-hosts.ts';
import { type CoreConfig, isForThisMachine } from './core.ts';
import { listOf, matching, type Settings, table, type Values, wholeNumber } from './settings.ts';

export const settings = {
  TASKS_TABLE: table('tasks', 'tasks'),
  QUEUES_TABLE: table('queues', 'queues, their settings and their counts'),
  WAKE_UPS_TOPIC_ARN: {
    meaning: 'SNS topic that calls the task processor; needed by the functions that wake it, unused elsewhere.',
    parse: matching(/^arn:[^:]+:sns:[^:]+:[^:]+:.+$/, 'must be the ARN of an SNS topic'),
  },
  TASK_RETENTION_DAYS: {
    meaning: 'How long a finished task is kept, in days.',
    fallback: '7',
    parse: wholeNumber(1, 3_650),
  },
  RUNNER_HOSTS: {
    meaning:
      'What the runners of queues may call, separated by commas: hosts (`jobs.example.org`), all hosts below a domain ' +
      '(`*.example.org`), or addresses, one or a CIDR block of them (`10.0.0.0/8`). A listed host may have any address; of ' +
      'every other one the address counts that is connected to. `0.0.0.0/0,::/0` allows everything. Unset, every host may be ' +
      'called with `STORAGE=disk` or `memory`, a loopback `HOST` and no `PUBLIC_BASE_URL`, and public addresses alone otherwise.',
    parse: listOf(parseHostRule),
  },
} satisfies Settings;

export type TasksConfig = CoreConfig & Values<typeof settings>;

export const tablesOf = ({ TASKS_TABLE, QUEUES_TABLE }: TasksConfig): TaskTables => ({
  tasks: TASKS_TABLE,
  queues: QUEUES_TABLE,
});

export function runnerHostsOf(config: TasksConfig): AllowedHosts {
  if (config.RUNNER_HOSTS) return AllowedHosts.of(config.RUNNER_HOSTS);
  return isForThisMachine(config) ? AllowedHosts.every : AllowedHosts.public;
}
