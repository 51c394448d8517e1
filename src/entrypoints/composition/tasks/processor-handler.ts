import type { Context, SNSEvent } from 'aws-lambda';
import type { Container } from 'inversify';
import { roundIn } from '../../../adapters/sns/task-notifier.ts';
import { ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import { ExtendLease } from '../../../domain/tasks/extend-lease.ts';
import { GuardRunner } from '../../../domain/tasks/guard-runner.ts';
import { RunTask } from '../../../domain/tasks/run-task.ts';
import { FleetProcessor } from '../../worker/fleet-processor.ts';
import { system } from '../compose.ts';
import { fleet, ports } from './tokens.ts';

/** @param container with the parts of `processingModule` */
export function processorOf(container: Container): FleetProcessor {
  const topic = container.get(fleet.topic);
  return new FleetProcessor({
    queues: container.get(ports.queues),
    tasks: container.get(ports.tasks),
    active: container.get(ports.active),
    notifications: container.get(ports.signals),
    lease: container.get(fleet.lease),
    claimTasks: container.get(ClaimTasks),
    runTask: container.get(RunTask),
    guardRunner: container.get(GuardRunner),
    extendLease: container.get(ExtendLease),
    clock: container.get(system.clock),
    logger: container.get(system.logger),
    meter: container.get(system.meter),
    reinvoke: (round) => topic.reinvoke(round),
  });
}

/** Runs the processor for whatever the topic says. */
export const tasksProcessorHandler =
  (processor: Pick<FleetProcessor, 'run'>) =>
  async ({ Records }: SNSEvent, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<void> => {
    const round = Math.max(0, ...Records.map(({ Sns }) => roundIn(Sns.Message)));
    await processor.run(() => context.getRemainingTimeInMillis(), round);
  };
