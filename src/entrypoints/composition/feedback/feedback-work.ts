import { ID_PATTERN } from '../../../domain/shared/id-pattern.ts';
import type { ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import { recordOutcome } from '../../../domain/tasks/run-task.ts';
import type { Task } from '../../../domain/tasks/task.ts';
import type { TaskLeases } from '../../../domain/tasks/task-leases.ts';
import { FEEDBACK_QUEUES, type FeedbackRef } from '../../../domain/votes/feedback.ts';
import { MAX_SINGLE, type NoticeOutcome, type NotifyFeedback } from '../../../domain/votes/notify-feedback.ts';
import type { Clock } from '../../../ports/system.ts';
import type { RunOutcome, TaskStore } from '../../../ports/tasks.ts';
import type { InternalWork } from '../../worker/internal-runner.ts';

export interface FeedbackWorkParts {
  readonly notifyFeedback: NotifyFeedback;
  readonly claimTasks: ClaimTasks;
  readonly taskLeases: TaskLeases;
  readonly tasks: Pick<TaskStore, 'listClaimable'>;
  readonly clock: Clock;
}

/** The most feedback of one digest. */
const MAX_DIGEST = 100;
/** Longer than a digest takes. */
const LEASE_SECONDS = 60;

/**
 * Tells of the feedback in a task. In the queue of Slack, which takes one message a second, the tasks that wait behind it
 * are claimed with it where they are many: those of its poll may become one message.
 */
export const feedbackWork =
  ({ notifyFeedback, taskLeases, ...parts }: FeedbackWorkParts): InternalWork =>
  async ({ queue, payload }) => {
    const ref = refIn(payload);
    if (!ref) return { kind: 'failure', error: 'The payload names no feedback.' };
    const others = queue === FEEDBACK_QUEUES.slack ? await claimWaiting(parts, queue) : [];
    const along = others.filter((task) => refIn(task.payload)?.pollId === ref.pollId);
    const end = (task: Task, outcome: RunOutcome) =>
      // A lease that is not ended in time expires, and the task finds out that it was told.
      recordOutcome(taskLeases, task, outcome).catch(() => undefined);
    const notNow: RunOutcome = { kind: 'later', delayMs: 0, reason: 'Another poll was told of before.' };
    await Promise.all(others.filter((task) => !along.includes(task)).map((task) => end(task, notNow)));
    const refs = [ref, ...along.map(({ payload }) => refIn(payload) as FeedbackRef)];
    const [outcome, ...outcomes] = await notifyFeedback.execute(ref.pollId, refs);
    await Promise.all(along.map((task, index) => end(task, runOutcome(outcomes[index] as NoticeOutcome))));
    return runOutcome(outcome as NoticeOutcome);
  };

async function claimWaiting(
  { tasks, claimTasks, clock }: Pick<FeedbackWorkParts, 'tasks' | 'claimTasks' | 'clock'>,
  queue: string,
): Promise<readonly Task[]> {
  const waiting = await tasks.listClaimable(queue, 'fifo', MAX_SINGLE, clock.now());
  if (waiting.length < MAX_SINGLE) return [];
  const [claimed = []] = await claimTasks.execute(queue, [{ max: MAX_DIGEST, leaseSeconds: LEASE_SECONDS }]);
  return claimed;
}

function refIn(payload: string): FeedbackRef | undefined {
  const { pollId, ballotId, since } = (JSON.parse(payload) ?? {}) as Partial<Record<keyof FeedbackRef, unknown>>;
  if (typeof pollId !== 'string' || !ID_PATTERN.test(pollId)) return undefined;
  if (typeof ballotId !== 'string' || !/^[\w-]{1,128}$/.test(ballotId) || typeof since !== 'number') return undefined;
  return { pollId, ballotId, since };
}

function runOutcome(outcome: NoticeOutcome): RunOutcome {
  switch (outcome.kind) {
    case 'done':
      return { kind: 'success', ...(outcome.remark === undefined ? {} : { remark: outcome.remark }) };
    case 'failed':
      return { kind: 'failure', error: outcome.error };
    default:
      return outcome;
  }
}
