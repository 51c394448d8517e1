import { invalidRequest } from '../shared/domain-error.ts';
import type { Evaluation, EvaluationContext } from './evaluate.ts';

/** The protocol of these messages, as WebSocket clients may name it. */
export const SUBPROTOCOL = 'portside.flags.1';

/** Of a context in JSON. */
const MAX_CONTEXT_LENGTH = 16_384;

/** What a client says. The first is `hello`. */
export type ClientMessage =
  | {
      readonly type: 'hello';
      readonly context: EvaluationContext;
      /** Comes back in every message about this context; a higher number for each further context. */
      readonly contextId: number;
      /** That of the values which the client holds already, for the same context. */
      readonly revision?: number | undefined;
    }
  | { readonly type: 'context'; readonly context: EvaluationContext; readonly contextId: number }
  | { readonly type: 'resync' };

interface Said {
  readonly contextId: number;
  /** When the values were last known to be the newest, epoch ms. */
  readonly asOf: number;
  /** The store does not answer. */
  readonly stale?: true;
}

/** All values for the context. */
export interface StateMessage extends Said {
  readonly type: 'state';
  readonly revision: number;
  readonly flags: readonly Evaluation[];
}

/** What makes the values of one revision those of another. */
export interface ChangeMessage extends Said {
  readonly type: 'change';
  readonly from: number;
  readonly to: number;
  /** Those that are new or not what they were. */
  readonly flags: readonly Evaluation[];
  /** Keys of flags that are no more. */
  readonly removed: readonly string[];
}

/** Nothing has changed since the revision. */
export interface AliveMessage extends Said {
  readonly type: 'alive';
  readonly revision: number;
}

/** The values of the revision are more than one message can carry: they are asked for by OFREP. */
export interface RefetchMessage extends Said {
  readonly type: 'refetchEvaluation';
  readonly revision: number;
}

export type ServerMessage = StateMessage | ChangeMessage | AliveMessage | RefetchMessage;

/** @throws DomainError `INVALID_REQUEST` for what is no message */
export function clientMessageIn(text: string): ClientMessage {
  const message = parsed(text);
  if (!isObject(message)) throw invalid('message', 'must be a JSON object');
  const { type, context, contextId = 0, revision } = message;
  if (type === 'resync') return { type };
  if (type !== 'hello' && type !== 'context') throw invalid('type', 'must be hello, context or resync');
  if (!isObject(context)) throw invalid('context', 'must be an object');
  const { targetingKey } = context;
  const kept = keptOf(context);
  if (targetingKey !== undefined && targetingKey !== null && typeof targetingKey !== 'string')
    throw invalid('context.targetingKey', 'must be a text');
  if (!isCount(contextId)) throw invalid('contextId', 'must be a whole number from 0 on');
  if (type === 'context') return { type, context: kept, contextId };
  if (revision !== undefined && !isCount(revision)) throw invalid('revision', 'must be a whole number from 0 on');
  return { type, context: kept, contextId, revision };
}

/** In place of what no rule looks into, of which one message could bring very much. */
const NESTED = Object.freeze({});

/** What evaluation sees of a context, which is kept as long as its connection. */
function keptOf(context: Readonly<Record<string, unknown>>): EvaluationContext {
  const kept = Object.fromEntries(
    Object.entries(context).map(([name, value]) => {
      if ([value].flat().some((each) => typeof each === 'number' && !Number.isFinite(each)))
        throw invalid(`context.${name}`, 'must not be a number that large');
      return [name, Array.isArray(value) ? value.map(withoutParts) : withoutParts(value)];
    }),
  );
  if (JSON.stringify(kept).length > MAX_CONTEXT_LENGTH)
    throw invalid('context', `must have at most ${MAX_CONTEXT_LENGTH} characters in JSON`);
  return kept;
}

const withoutParts = (value: unknown): unknown => (typeof value === 'object' && value !== null ? NESTED : value);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const invalid = (path: string, message: string) => invalidRequest({ path, message });

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
