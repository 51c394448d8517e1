import type { Clock, Ids } from '../../ports/system.ts';
import type { ActiveQueues, QueueStore, TaskNotifier, TaskStore } from '../../ports/tasks.ts';
import { idempotencyKeyReused } from '../shared/domain-error.ts';
import { queueFull } from './errors.ts';
import { settingsForTasks } from './find-queues.ts';
import { canonicalJson, payloadText } from './json-text.ts';
import { notifyOfNewTask } from './notify.ts';
import type { QueueSettings } from './queue.ts';
import { createTask, placeOf, type Task, type TaskTerms } from './task.ts';

export interface EnqueueCommand extends TaskTerms {
  /** Any JSON value. */
  readonly payload: unknown;
  /** The task's identity among all queues; generated if absent, and then the task cannot be repeated. */
  readonly taskId?: string;
}

export interface EnqueueResult {
  /** As it is now: a repeated one may have moved on. */
  readonly task: Task;
  /** True when the task had been enqueued before. */
  readonly replayed: boolean;
}

/** Tasks of one batch that are sent to the store at the same time. */
const AT_ONCE = 25;

export class EnqueueTask {
  constructor(
    private readonly tasks: TaskStore,
    private readonly queues: QueueStore,
    private readonly active: ActiveQueues,
    private readonly notifier: TaskNotifier,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Adds a task to a queue, which begins to exist with it. The same task again adds nothing.
   *
   * @throws DomainError `TASKS_PAYLOAD_TOO_LARGE`, `TASKS_QUEUE_FULL`, `IDEMPOTENCY_KEY_REUSED`, `STORE_UNAVAILABLE`
   */
  async execute(queue: string, command: EnqueueCommand): Promise<EnqueueResult> {
    // A queue does not begin with a task that is too large.
    const text = payloadText(command.payload);
    return this.add(await settingsForTasks(this.queues, queue), queue, command, text);
  }

  /**
   * Adds several tasks to a queue, each for itself.
   *
   * @returns what became of each, in order
   * @throws DomainError `STORE_UNAVAILABLE` when the store kept the settings of the queue to itself, and nothing was added
   */
  async all(
    queue: string,
    commands: readonly EnqueueCommand[],
  ): Promise<readonly PromiseSettledResult<EnqueueResult>[]> {
    const settings = await settingsForTasks(this.queues, queue);
    const outcomes: PromiseSettledResult<EnqueueResult>[] = [];
    for (let start = 0; start < commands.length; start += AT_ONCE)
      outcomes.push(...(await this.addAtOnce(settings, queue, commands.slice(start, start + AT_ONCE))));
    return outcomes;
  }

  /** Of tasks with one id the first is added, and the others are its repeats. */
  private addAtOnce(
    settings: QueueSettings,
    queue: string,
    commands: readonly EnqueueCommand[],
  ): Promise<PromiseSettledResult<EnqueueResult>[]> {
    const lastWith = new Map<string | undefined, Promise<unknown>>();
    const adding = commands.map((command) => {
      const add = () => this.add(settings, queue, command);
      const added = lastWith.get(command.taskId)?.then(add, add) ?? add();
      if (command.taskId !== undefined) lastWith.set(command.taskId, added);
      return added;
    });
    return Promise.allSettled(adding);
  }

  private async add(
    settings: QueueSettings,
    queue: string,
    { payload, taskId, ...terms }: EnqueueCommand,
    text = payloadText(payload),
  ): Promise<EnqueueResult> {
    const now = this.clock.now();
    const serial = this.ids.next();
    const draft = { taskId: taskId ?? serial, queue, place: placeOf(now, serial), payload: text, terms };
    const task = createTask({ ...draft, defaults: settings }, now);

    const outcome = await this.tasks.add(task, settings.maxPending);
    switch (outcome.kind) {
      case 'added':
        await notifyOfNewTask(this.active, this.notifier, queue, task.notBefore - now);
        return { task, replayed: false };
      case 'repeated':
        if (!saysTheSame(outcome.task, task)) throw idempotencyKeyReused(task.taskId);
        return { task: outcome.task, replayed: true };
      case 'full':
        throw queueFull(queue);
    }
  }
}

/** Whether two tasks with one id were enqueued with the same content. */
const saysTheSame = (one: Task, other: Task): boolean =>
  one.queue === other.queue &&
  canonicalJson(one.terms) === canonicalJson(other.terms) &&
  canonicalJson(JSON.parse(one.payload)) === canonicalJson(JSON.parse(other.payload));
