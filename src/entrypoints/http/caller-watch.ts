import type { FastifyReply, FastifyRequest } from 'fastify';

/** How often a caller is judged again, ms. With the age of policies and the time of a look, it makes less than 5 s. */
const INTERVAL_MS = 1_000;

interface Watched {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly end: (refusal: unknown) => void;
}

/** Requests whose answers go on, such as event streams: each ends when its caller may not send it any more. */
export class CallerWatch {
  private readonly watched = new Set<Watched>();
  private timer: NodeJS.Timeout | undefined;

  /** @param judge rejects where the caller is not known any more, or is not allowed what it does */
  constructor(private readonly judge: (request: FastifyRequest, reply: FastifyReply) => Promise<void>) {}

  /** @returns ends the watch */
  watch(watched: Watched): () => void {
    if (!watched.request.caller) return () => undefined;
    this.watched.add(watched);
    this.timer ??= this.lookLater();
    return () => void this.watched.delete(watched);
  }

  close(): void {
    clearTimeout(this.timer);
    this.watched.clear();
  }

  private async look(): Promise<void> {
    await Promise.all([...this.watched].map((watched) => this.lookAt(watched)));
    this.timer = this.watched.size > 0 ? this.lookLater() : undefined;
  }

  private lookLater(): NodeJS.Timeout {
    return setTimeout(() => void this.look(), INTERVAL_MS).unref();
  }

  private async lookAt(watched: Watched): Promise<void> {
    try {
      await this.judge(watched.request, watched.reply);
    } catch (refusal) {
      if (this.watched.delete(watched)) watched.end(refusal);
    }
  }
}
