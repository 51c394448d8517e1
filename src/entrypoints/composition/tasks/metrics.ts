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
    recorded: 'with every such task, where it is ended; not where the answer of the store was lost',
  },
  TasksFailed: {
    type: 'counter',
    unit: 'Count',
    meaning: 'Those of them that ended as FAILURE.',
    recorded: 'with every such task, where it is ended; not where the answer of the store was lost',
  },
  TaskChanges: {
    type: 'counter',
    unit: 'Count',
    meaning: 'Changes of tasks that came through the stream; those of a batch that comes again are counted again.',
    recorded: 'with every batch of the stream of tasks that a container reads; on DynamoDB alone',
  },
  QueuesStuck: {
    type: 'gauge',
    unit: 'Count',
    meaning:
      'Queues with a runner, not paused, whose oldest task has waited and of which no task has ended for five minutes and the time that a call may take.',
    recorded: 'with every sweep',
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
    recorded: 'with every sweep in which no queue failed',
  },
} satisfies MetricDefinitions;
