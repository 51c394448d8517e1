import type { Context, SNSEvent } from 'aws-lambda';
import type { Container } from 'inversify';
import { roundIn } from '../../../adapters/sns/task-notifier.ts';
import { FleetProcessor } from '../../worker/fleet-processor.ts';
import { system } from '../compose.ts';
import { fleet, ports, useCases } from './tokens.ts';

/** @param container with the parts of `processingModule` */
export function processorOf(container: Container): FleetProcessor {
  const topic = container.get(fleet.topic);
  return new FleetProcessor({
    queues: container.get(ports.queues),
    tasks: container.get(ports.tasks),
    active: container.get(ports.active),
    notifications: container.get(ports.signals),
    lease: container.get(fleet.lease),
    claimTasks: container.get(useCases.claimTasks),
    runTask: container.get(useCases.runTask),
    guardRunner: container.get(useCases.guardRunner),
    extendLease: container.get(useCases.extendLease),
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
