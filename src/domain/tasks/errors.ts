import { DomainError } from '../shared/domain-error.ts';
import { MAX_JSON_BYTES } from './task.ts';

export const taskNotFound = (taskId: string): DomainError =>
  new DomainError('TASKS_NOT_FOUND', `There is no task "${taskId}". Finished tasks are kept for a time only.`);

export const queueNotFound = (queue: string): DomainError =>
  new DomainError('TASKS_QUEUE_NOT_FOUND', `There is no queue "${queue}" yet. It begins with its first task.`);

export const payloadTooLarge = (): DomainError =>
  new DomainError(
    'TASKS_PAYLOAD_TOO_LARGE',
    `The payload takes more than ${MAX_JSON_BYTES} bytes as JSON. Store it elsewhere and send its address.`,
  );

export const resultTooLarge = (): DomainError =>
  new DomainError(
    'TASKS_RESULT_TOO_LARGE',
    `The result takes more than ${MAX_JSON_BYTES} bytes as JSON. Store it elsewhere and send its address; the lease is still yours.`,
  );

/** `Retry-After` of a full queue. */
const RETRY_FULL_AFTER_SECONDS = 5;

export const queueFull = (queue: string): DomainError =>
  new DomainError('TASKS_QUEUE_FULL', `Queue "${queue}" holds as many tasks as it may. Nothing was enqueued.`, {
    retryAfterSeconds: RETRY_FULL_AFTER_SECONDS,
  });

export const leaseLost = (taskId: string): DomainError =>
  new DomainError('TASKS_LEASE_LOST', `This fence does not hold task "${taskId}" any more. Stop working on it.`);

export const notRedrivable = (taskId: string): DomainError =>
  new DomainError(
    'TASKS_NOT_REDRIVABLE',
    `Task "${taskId}" is neither FAILURE nor SHED, and only those can be redriven.`,
  );

export const notCancellable = (taskId: string): DomainError =>
  new DomainError('TASKS_NOT_CANCELLABLE', `Task "${taskId}" is finished, so that there is nothing to cancel.`);

export const queueNotEmpty = (queue: string): DomainError =>
  new DomainError(
    'TASKS_QUEUE_NOT_EMPTY',
    `Queue "${queue}" holds tasks that are not finished. Let them run, or cancel them, and delete it then.`,
  );
