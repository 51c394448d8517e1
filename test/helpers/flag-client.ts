import type { Evaluation, EvaluationContext } from '../../src/domain/flags/evaluate.ts';
import type { ClientMessage, ServerMessage } from '../../src/domain/flags/socket-messages.ts';

/** What a client holds and how it takes messages, as docs/flags.md tells people to write one. */
export class FlagClient {
  /** Of the values; undefined before the first. */
  revision: number | undefined;
  values: ReadonlyMap<string, Evaluation> = new Map();
  /** The context that they are for. */
  valuesFor: EvaluationContext = {};
  /** When the values were last known to be the newest, epoch ms. */
  asOf = 0;
  /** It was told to ask for its values by OFREP. */
  mustFetch = false;
  private contextId = 0;
  /** Whether the values are those of the context. */
  private isOfContext = false;
  private waitsForState = false;

  constructor(private context: EvaluationContext) {}

  /** For every new connection. */
  hello(): ClientMessage {
    this.waitsForState = false;
    const { context, contextId } = this;
    return { type: 'hello', context, contextId, ...(this.isOfContext ? { revision: this.revision } : {}) };
  }

  change(context: EvaluationContext): ClientMessage {
    this.context = context;
    this.contextId += 1;
    this.isOfContext = false;
    return this.contextAgain();
  }

  /** @returns what to say to it */
  take(message: ServerMessage): ClientMessage | undefined {
    // Of another context; where the server still lives in that, it has not heard of this one.
    if (message.contextId !== this.contextId) return message.type === 'alive' ? this.contextAgain() : undefined;
    const known = this.revision ?? -1;
    switch (message.type) {
      case 'state':
        if (message.revision < known) return undefined;
        this.hold(message.revision, new Map(message.flags.map((flag) => [flag.key, flag])), message.asOf);
        return undefined;
      case 'change': {
        if (!this.isOfContext || message.from !== known)
          return this.isOfContext && message.to <= known ? undefined : this.resync();
        const values = new Map(this.values);
        for (const flag of message.flags) values.set(flag.key, flag);
        for (const key of message.removed) values.delete(key);
        this.hold(message.to, values, message.asOf);
        return undefined;
      }
      case 'refetchEvaluation':
        this.mustFetch ||= message.revision > known || !this.isOfContext;
        return undefined;
      default:
        // A sign of life comes seldom enough to ask again.
        this.waitsForState = false;
        if (!this.isOfContext || message.revision > known) return this.resync();
        if (message.revision === known) this.asOf = Math.max(this.asOf, message.asOf);
        return undefined;
    }
  }

  /** What OFREP answered. */
  fetched(revision: number, flags: readonly Evaluation[], asOf: number): void {
    this.mustFetch = false;
    this.hold(revision, new Map(flags.map((flag) => [flag.key, flag])), asOf);
  }

  private contextAgain(): ClientMessage {
    const { context, contextId } = this;
    return { type: 'context', context, contextId };
  }

  protected hold(revision: number, values: ReadonlyMap<string, Evaluation>, asOf: number): void {
    const fresh = { asOf: Math.max(this.asOf, asOf), isOfContext: true, waitsForState: false };
    Object.assign(this, { revision, values, valuesFor: this.context, ...fresh });
  }

  private resync(): ClientMessage | undefined {
    if (this.waitsForState) return undefined;
    this.waitsForState = true;
    return { type: 'resync' };
  }
}
