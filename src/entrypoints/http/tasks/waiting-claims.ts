import type { ClaimRequest, ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import type { Task } from '../../../domain/tasks/task.ts';
import type { TaskNotifications } from '../../../ports/tasks.ts';

/** A notification may be lost, or the task come from a process that cannot notify this one. */
const POLL_INTERVAL_MS = 500;

interface Claimer {
  readonly request: ClaimRequest;
  /** Is answered after the poll that is under way, whatever that brings. */
  isLeaving: boolean;
  readonly answer: (tasks: readonly Task[]) => void;
  readonly refuse: (error: unknown) => void;
}

/** The claimers of one queue, in the order in which they came. */
interface Line {
  readonly claimers: Set<Claimer>;
  isPolling: boolean;
  /** A claimer or a notification came while the queue was being polled. */
  pollsAgain: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Claims that wait for a task. However many wait at a queue, each poll of it serves them all. */
export class WaitingClaims {
  private readonly lines = new Map<string, Line>();
  private readonly endListening: () => void;

  constructor(
    private readonly claimTasks: Pick<ClaimTasks, 'execute'>,
    notifications: TaskNotifications,
  ) {
    this.endListening = notifications.subscribe((queue, inMs) => {
      const line = this.lines.get(queue);
      if (line && inMs === 0) void this.poll(queue, line);
    });
  }

  /**
   * Claims as soon as there is something to claim.
   *
   * @param leave ends the wait early. What a poll brings that is under way then is the caller's all the same
   * @returns no task when the wait is over
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async claim(queue: string, request: ClaimRequest, waitMs: number, leave: AbortSignal): Promise<readonly Task[]> {
    const line = this.lines.get(queue) ?? this.open(queue);
    let timer: NodeJS.Timeout | undefined;
    let onLeave = (): void => undefined;
    try {
      return await new Promise((answer, refuse) => {
        const claimer: Claimer = { request, isLeaving: waitMs === 0, answer, refuse };
        line.claimers.add(claimer);
        onLeave = () => this.leave(queue, line, claimer);
        timer = setTimeout(onLeave, waitMs);
        leave.addEventListener('abort', onLeave);
        void this.poll(queue, line);
      });
    } finally {
      clearTimeout(timer);
      leave.removeEventListener('abort', onLeave);
    }
  }

  /** Ends every wait. */
  close(): void {
    this.endListening();
    for (const [queue, line] of this.lines) for (const claimer of line.claimers) this.leave(queue, line, claimer);
  }

  private open(queue: string): Line {
    const line: Line = { claimers: new Set(), isPolling: false, pollsAgain: false, timer: undefined };
    this.lines.set(queue, line);
    return line;
  }

  private leave(queue: string, line: Line, claimer: Claimer): void {
    claimer.isLeaving = true;
    if (line.isPolling) return;
    line.claimers.delete(claimer);
    claimer.answer([]);
    this.schedule(queue, line);
  }

  private async poll(queue: string, line: Line): Promise<void> {
    line.pollsAgain = true;
    if (line.isPolling) return;
    line.isPolling = true;
    while (line.pollsAgain && line.claimers.size > 0) {
      line.pollsAgain = false;
      await this.serve(queue, line);
    }
    line.isPolling = false;
    this.schedule(queue, line);
  }

  private async serve(queue: string, line: Line): Promise<void> {
    const claimers = [...line.claimers];
    try {
      const granted = await this.claimTasks.execute(
        queue,
        claimers.map(({ request }) => request),
      );
      for (const [index, claimer] of claimers.entries()) {
        const tasks = granted[index] ?? [];
        if (tasks.length === 0 && !claimer.isLeaving) continue;
        line.claimers.delete(claimer);
        claimer.answer(tasks);
      }
    } catch (error) {
      for (const claimer of claimers) {
        line.claimers.delete(claimer);
        claimer.refuse(error);
      }
    }
  }

  /** Polls again after a while, as long as somebody waits. */
  private schedule(queue: string, line: Line): void {
    clearTimeout(line.timer);
    if (line.claimers.size > 0) line.timer = setTimeout(() => void this.poll(queue, line), POLL_INTERVAL_MS);
    else if (this.lines.get(queue) === line) this.lines.delete(queue);
  }
}
