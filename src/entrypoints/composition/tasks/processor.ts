import type { Container } from 'inversify';
import { roundIn } from '../../../adapters/sns/task-notifier.ts';
import { ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import { GuardRunner } from '../../../domain/tasks/guard-runner.ts';
import { RunTask } from '../../../domain/tasks/run-task.ts';
import { TaskLeases } from '../../../domain/tasks/task-leases.ts';
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
    notifications: container.get(ports.notifications),
    lease: container.get(fleet.lease),
    claimTasks: container.get(ClaimTasks),
    runTask: container.get(RunTask),
    guardRunner: container.get(GuardRunner),
    taskLeases: container.get(TaskLeases),
    clock: container.get(system.clock),
    logger: container.get(system.logger),
    meter: container.get(system.meter),
    reinvoke: (round) => topic.reinvoke(round),
  });
}

/** The round that messages of the topic ask for, the highest of them. */
export const roundOf = (messages: readonly string[]): number => Math.max(0, ...messages.map(roundIn));
