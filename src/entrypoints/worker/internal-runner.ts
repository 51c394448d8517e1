import { DomainError } from '../../domain/shared/domain-error.ts';
import type { RunnerSettings } from '../../domain/tasks/queue.ts';
import type { Cancellation, RunnerCall, RunOutcome, TaskRunner } from '../../ports/tasks.ts';

/** Does a task within the service. May reject: it is then tried again. */
export type InternalWork = (call: RunnerCall) => Promise<RunOutcome>;

/** How the queues of the service itself name their runners. Nobody else may: requests take http and https alone. */
const SCHEME = 'portside:';

export const internalUrl = (name: string): string => SCHEME + name;

/**
 * Runs the tasks of the service's own queues in the process, and leaves those of all others to another runner. Work within
 * the process ends by its own time-outs; one that is cut short is found out by its lease.
 */
export class InternalRunner implements TaskRunner {
  constructor(
    private readonly work: ReadonlyMap<string, InternalWork>,
    private readonly others: TaskRunner,
  ) {}

  async run(call: RunnerCall, runner: RunnerSettings, cancel: Cancellation): Promise<RunOutcome> {
    if (!runner.url.startsWith(SCHEME)) return this.others.run(call, runner, cancel);
    if (cancel.aborted) return { kind: 'cancelled' };
    const work = this.work.get(runner.url.slice(SCHEME.length));
    if (!work) return { kind: 'retry', error: `This process has no runner ${runner.url}.` };
    try {
      return await work(call);
    } catch (error) {
      // Without a status: a store that is busy is no reason to believe that the receiver is down.
      return { kind: 'retry', error: error instanceof DomainError ? error.message : 'The work failed.' };
    }
  }
}
