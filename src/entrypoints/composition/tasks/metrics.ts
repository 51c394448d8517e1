import type { MetricDefinitions } from '../../../adapters/telemetry/prometheus-meter.ts';

export const metrics = {
  OldestTaskAge: {
    type: 'gauge',
    unit: 'Milliseconds',
    meaning: 'The longest wait of a task that can be claimed, in any queue that is not paused.',
    recorded: 'with every sweep',
  },
  OldestWorkerTaskAge: {
    type: 'gauge',
    unit: 'Milliseconds',
    meaning: 'The longest wait of a task that can be claimed, in a queue that has a runner and is not paused.',
    recorded: 'with every sweep',
  },
  TasksDone: {
    type: 'counter',
    unit: 'Count',
    meaning: 'Tasks that ended as SUCCESS or FAILURE.',
    recorded: 'with every batch of the stream of tasks that holds any; on DynamoDB alone',
  },
  TasksFailed: {
    type: 'counter',
    unit: 'Count',
    meaning: 'Those of them that ended as FAILURE.',
    recorded: 'with every batch of the stream of tasks that holds any; on DynamoDB alone',
  },
  BusyRunnerSlots: {
    type: 'gauge',
    unit: 'Count',
    meaning:
      'Calls of runners under way in this process, in percent of those that may be at once, of the queue with the highest share.',
    recorded: 'with every sweep of a container',
  },
  TaskCallsCut: {
    type: 'counter',
    unit: 'Count',
    meaning: 'Calls of runners that a stop of the process cut short; their tasks are done again.',
    recorded: 'with every call that is cut short',
  },
  QueuesWithDeadLetters: {
    type: 'gauge',
    unit: 'Count',
    meaning: 'Queues that hold a FAILURE.',
    recorded: 'with every sweep',
  },
} satisfies MetricDefinitions;
