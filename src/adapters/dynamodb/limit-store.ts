import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { LimitBusy, PolicyOutdated } from '../../domain/limits/errors.ts';
import type { Limit } from '../../domain/limits/policy.ts';
import {
  type Decision,
  fullAt,
  type LimitState,
  periodEnd,
  periodStart,
  standing,
  take,
} from '../../domain/limits/take.ts';
import { fillMs, scaleOf, unitsAt } from '../../domain/limits/units.ts';
import { idempotencyKeyReused } from '../../domain/shared/domain-error.ts';
import type { KeptState, LimitKey, LimitStore, TakeId, Taken, TakeRequest } from '../../ports/limits.ts';
import type { Clock } from '../../ports/system.ts';
import { within } from '../common/deadline.ts';
import { SeenLimitStates } from '../common/seen-limit-states.ts';
import { isContention, storeError, throwStoreError } from './errors.ts';
import { keyKey, takeKey, ttlOf } from './limit-tables.ts';
import { backOff } from './retry.ts';

/** With all requests that it takes. */
const ANSWER_TIMEOUT_MS = 250;
/** Of that, the part after which nothing is begun any more: what was begun has the rest to get its answer. */
const BEGIN_PART = 0.5;
/** More takes with an id than these do not wait for a key at once. */
const MAX_TURNS = 100;
/** So that a wait between two attempts stays short of the answer. */
const MAX_BACK_OFF = 2;
/** Each lost one means that another process took. */
const MAX_ATTEMPTS = 8;
/** How long a repeat of an allowed take takes nothing, ms. */
const REPEAT_MS = 60_000;
/** Of the items, for what reads them later. */
const FORMAT = 1;

/** What is taken at once by a process that shares it out. */
export interface Leased extends Taken {
  /** 0 if it was refused. */
  readonly granted: number;
}

interface TakeItem {
  readonly content: string;
  readonly decision: Decision;
  readonly state: LimitState;
  readonly at: number;
  readonly until: number;
}

/**
 * One item for each key. A take is one update, guessed from what this process saw last: it adds to what is there, whatever
 * others have added since, while the condition holds. If the guess was wrong, the refusal shows the item, by which the take
 * is refused or guessed again.
 *
 *     A:  saw tat 5 ─ adds 1 if tat is 0…9 ─ tat 7
 *     B:  saw tat 5 ── adds 1 if tat is 0…9 ── tat 6
 *
 * The client must not repeat a request by itself: a take whose answer was lost would be made twice.
 */
export class DynamoDbLimitStore implements LimitStore {
  private readonly seen = new SeenLimitStates();
  /** The takes with an id that are under way for a key: one at a time, since each needs the item as it was seen. */
  private readonly queues = new Map<string, { readonly last: Promise<unknown>; readonly length: number }>();

  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly clock: Clock,
    private readonly answerTimeoutMs = ANSWER_TIMEOUT_MS,
  ) {}

  async take(request: TakeRequest): Promise<Taken> {
    const { id } = request;
    if (id) return this.inTurn(request, id);
    return this.takeSome(request, request.cost, () => request.cost);
  }

  /**
   * Takes in one write what is chosen by what remains, or nothing if the least does not.
   *
   * @param most how much is taken of so much
   * @param begunAt when the caller began to wait, as `performance.now()` has it
   * @throws DomainError as `take`
   */
  async takeSome(
    request: TakeRequest,
    least: number,
    most: (remaining: number) => number,
    begunAt = performance.now(),
  ): Promise<Leased> {
    const abortSignal = this.signalOf(begunAt);
    const { limit } = request;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const now = this.clock.now();
      const seen = this.seen.get(request);
      assertNotNewer(seen, limit);
      const { remaining } = standing(seen, limit, now);
      const granted = Math.max(least, Math.min(remaining, most(remaining)));
      const { decision, state } = take(seen, limit, granted, now);
      const isMade = !decision.allowed && seen?.version === limit.version;
      if (isMade) return { decision, state, at: now, granted: 0 };
      const update = decision.allowed
        ? takeUpdate(this.table, request, seen, granted, now)
        : replaceState(this.table, request, seen, state);
      const written = await this.write(request, update, abortSignal);
      if (written && decision.allowed)
        return { decision: { allowed: true, ...standing(written, limit, now) }, state: written, at: now, granted };
      if (written) return { decision, state, at: now, granted: 0 };
    }
    throw takenByOthers();
  }

  async read(key: LimitKey): Promise<KeptState> {
    const command = new GetCommand({ TableName: this.table, Key: keyKey(key), ConsistentRead: true });
    const { Item } = await this.client.send(command, { abortSignal: this.signalOf() }).catch(throwStoreError);
    return { state: stateIn(Item), at: this.clock.now() };
  }

  async reset(key: LimitKey): Promise<void> {
    const command = new DeleteCommand({ TableName: this.table, Key: keyKey(key) });
    await this.client.send(command, { abortSignal: this.signalOf() }).catch(throwStoreError);
  }

  /** What is left of the time to answer a call. */
  private signalOf(begunAt = performance.now()): AbortSignal {
    return AbortSignal.timeout(Math.max(0, Math.floor(begunAt + this.answerTimeoutMs - performance.now())));
  }

  /** Whether nothing is begun any more for who has waited since then. @param begunAt as `performance.now()` has it */
  isTooLate(begunAt: number): boolean {
    return performance.now() - begunAt > BEGIN_PART * this.answerTimeoutMs;
  }

  /** @returns the state as it is stored now; undefined if it was not as it was thought to be, and is known now */
  private async write(
    request: TakeRequest,
    update: UpdateCommandInput,
    abortSignal: AbortSignal,
  ): Promise<LimitState | undefined> {
    try {
      const { Attributes } = await this.client.send(new UpdateCommand(update), { abortSignal });
      const state = stateIn(Attributes);
      this.seen.set(request, state);
      return state;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw keyError(error);
      this.seen.set(request, error.Item && stateIn(unmarshall(error.Item)));
      return undefined;
    }
  }

  private async inTurn(request: TakeRequest, id: TakeId): Promise<Taken> {
    const begunAt = performance.now();
    const { pk } = keyKey(request);
    const { last, length } = this.queues.get(pk) ?? { last: Promise.resolve(), length: 0 };
    if (length >= MAX_TURNS) throw new LimitBusy(`${MAX_TURNS} takes wait for their turn`);
    const turn = last.then(() => this.takeOnce(request, id, begunAt));
    const settled = turn
      .catch(() => undefined)
      .then(() => {
        const queue = this.queues.get(pk);
        if (queue?.last === settled) this.queues.delete(pk);
        else if (queue) this.queues.set(pk, { ...queue, length: queue.length - 1 });
      });
    this.queues.set(pk, { last: settled, length: length + 1 });
    // Whoever waits is told as soon as it is too late, not when the turn comes, which does nothing then.
    if ((await within(BEGIN_PART * this.answerTimeoutMs, last)) === 'late') throw tooLate();
    return turn;
  }

  /** In one transaction: the key's state, as it was seen, and an item that says that this id has taken. */
  private async takeOnce(request: TakeRequest, id: TakeId, begunAt: number): Promise<Taken> {
    const { limit, cost } = request;
    const abortSignal = this.signalOf(begunAt);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (this.isTooLate(begunAt)) throw tooLate();
      const now = this.clock.now();
      const seen = this.seen.get(request);
      assertNotNewer(seen, limit);
      const { decision, state } = take(seen, limit, cost, now);
      if (!decision.allowed) {
        const known = await this.readTake(request, id, abortSignal);
        if (known && known.until > now) return replay(known, id);
        const isMade =
          seen?.version === limit.version ||
          (await this.write(request, replaceState(this.table, request, seen, state), abortSignal));
        if (isMade) return { decision, state, at: now };
        continue;
      }
      const item = { content: id.content, decision, state, at: now, until: now + REPEAT_MS };
      try {
        const command = new TransactWriteCommand(takeWithId(this.table, request, seen, state, id, item));
        await this.client.send(command, { abortSignal });
        this.seen.set(request, state);
        return { decision, state, at: now };
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw keyError(error);
        const [key, taken] = error.CancellationReasons ?? [];
        if (taken?.Code === REFUSED && taken.Item) return replay(unmarshall(taken.Item) as TakeItem, id);
        if (key?.Code === REFUSED) this.seen.set(request, key.Item && stateIn(unmarshall(key.Item)));
        else if (isContention(error)) await backOff(Math.min(attempt, MAX_BACK_OFF));
        else return throwStoreError(error);
      }
    }
    throw takenByOthers();
  }

  private async readTake(request: TakeRequest, { id }: TakeId, abortSignal: AbortSignal) {
    const command = new GetCommand({ TableName: this.table, Key: takeKey(request, id), ConsistentRead: true });
    const { Item } = await this.client.send(command, { abortSignal }).catch(throwStoreError);
    return Item as TakeItem | undefined;
  }
}

export const tooLate = () => new LimitBusy('its turn came too late');

const takenByOthers = () => new LimitBusy(`others took ${MAX_ATTEMPTS} times in a row`);

/** DynamoDB has answered where an item is asked for too often: the store is not away. */
const keyError = (error: unknown): unknown =>
  isContention(error) ? new LimitBusy('DynamoDB takes no more for now', error) : storeError(error);

const REFUSED = 'ConditionalCheckFailed';

function replay({ content, decision, state, at }: TakeItem, id: TakeId): Taken {
  if (content !== id.content) throw idempotencyKeyReused(id.id);
  return { decision, state, at, isReplay: true };
}

function assertNotNewer(seen: LimitState | undefined, { version }: Limit): void {
  if (seen && seen.version > version) throw new PolicyOutdated(seen.version);
}

function stateIn(item: Record<string, unknown> | undefined): LimitState | undefined {
  if (!item) return undefined;
  const { version, unitsPerMs, tat, per, periodStart, used } = item as unknown as LimitState;
  return { version, unitsPerMs, tat, per, periodStart, used };
}

const NAMES = {
  '#version': 'version',
  '#unitsPerMs': 'unitsPerMs',
  '#tat': 'tat',
  '#per': 'per',
  '#periodStart': 'periodStart',
  '#used': 'used',
  '#format': 'format',
  '#ttl': 'ttl',
};

const ANSWER = { ReturnValues: 'ALL_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

/** What takes, where it is thought to be allowed. */
function takeUpdate(
  table: string,
  request: TakeRequest,
  seen: LimitState | undefined,
  cost: number,
  now: number,
): UpdateCommandInput {
  const { limit } = request;
  if (seen?.version === limit.version) return addToState(table, request, seen, cost, now);
  const { state } = take(seen, limit, cost, now);
  if (seen) return replaceState(table, request, seen, state);
  const replaced = replaceState(table, request, undefined, state);
  const { conditions, values } = isIdle(limit, now);
  return {
    ...replaced,
    ConditionExpression: `attribute_not_exists(pk) OR (#version = :version AND ${conditions.join(' AND ')})`,
    ExpressionAttributeValues: { ...replaced.ExpressionAttributeValues, ...values },
  };
}

/** The condition that a key has everything. */
function isIdle({ rate, quota }: Limit, now: number) {
  return {
    conditions: [...(rate ? ['#tat < :now'] : []), ...(quota ? ['#periodStart < :start'] : [])],
    values: {
      ...(rate && { ':now': unitsAt(now, rate) }),
      ...(quota && { ':start': periodStart(quota.per, now) }),
    },
  };
}

/** Adds to what is there, or begins with a bucket that is full or a period that is new: each as it was seen to be. */
function addToState(
  table: string,
  request: TakeRequest,
  seen: LimitState,
  cost: number,
  now: number,
): UpdateCommandInput {
  const { limit } = request;
  const sets: string[] = [];
  const conditions = ['#version = :version'];
  const values: Record<string, unknown> = { ':version': limit.version, ':ttl': ttlOf(keptUntil(limit, now)) };
  if (limit.rate) {
    const { unitsPerRequest } = scaleOf(limit.rate);
    const nowUnits = unitsAt(now, limit.rate);
    const price = cost * unitsPerRequest;
    values[':now'] = nowUnits;
    if (seen.tat >= nowUnits) {
      sets.push('#tat = #tat + :price');
      conditions.push('#tat BETWEEN :now AND :most');
      Object.assign(values, { ':price': price, ':most': nowUnits + limit.rate.burst * unitsPerRequest - price });
    } else {
      sets.push('#tat = :tat');
      conditions.push('#tat < :now');
      values[':tat'] = nowUnits + price;
    }
  }
  if (limit.quota) {
    const start = periodStart(limit.quota.per, now);
    values[':cost'] = cost;
    if (seen.periodStart >= start) {
      sets.push('#used = #used + :cost');
      conditions.push('#periodStart = :start AND #used <= :left');
      Object.assign(values, { ':start': seen.periodStart, ':left': limit.quota.requests - cost });
    } else {
      sets.push('#periodStart = :start, #used = :cost');
      conditions.push('#periodStart < :start');
      values[':start'] = start;
    }
  }
  const expression = `SET ${[...sets, '#ttl = :ttl'].join(', ')}`;
  const condition = conditions.join(' AND ');
  return {
    TableName: table,
    Key: keyKey(request),
    UpdateExpression: expression,
    ConditionExpression: condition,
    ExpressionAttributeNames: namesIn(expression + condition),
    ExpressionAttributeValues: values,
    ...ANSWER,
  };
}

/** No later than this a key has everything again, epoch ms. */
const keptUntil = ({ rate, quota }: Limit, now: number): number =>
  Math.max(rate ? now + fillMs(rate) : 0, quota ? periodEnd(quota.per, now) : 0);

/** Stores a state in place of the one that was seen. */
function replaceState(
  table: string,
  request: TakeRequest,
  seen: LimitState | undefined,
  state: LimitState,
): UpdateCommandInput {
  const expression =
    'SET #version = :version, #unitsPerMs = :unitsPerMs, #tat = :tat, #per = :per, #periodStart = :periodStart, ' +
    '#used = :used, #format = :format, #ttl = :ttl';
  const isAsSeen =
    '#version = :seenVersion AND #tat = :seenTat AND #periodStart = :seenPeriodStart AND #used = :seenUsed';
  return {
    TableName: table,
    Key: keyKey(request),
    UpdateExpression: expression,
    ConditionExpression: seen ? isAsSeen : 'attribute_not_exists(pk)',
    ExpressionAttributeNames: NAMES,
    ExpressionAttributeValues: {
      ':version': state.version,
      ':unitsPerMs': state.unitsPerMs,
      ':tat': state.tat,
      ':per': state.per,
      ':periodStart': state.periodStart,
      ':used': state.used,
      ':format': FORMAT,
      ':ttl': ttlOf(fullAt(state)),
      ...(seen && {
        ':seenVersion': seen.version,
        ':seenTat': seen.tat,
        ':seenPeriodStart': seen.periodStart,
        ':seenUsed': seen.used,
      }),
    },
    ...ANSWER,
  };
}

const namesIn = (expression: string): Record<string, string> =>
  Object.fromEntries(Object.entries(NAMES).filter(([name]) => new RegExp(`${name}\\b`).test(expression)));

function takeWithId(
  table: string,
  request: TakeRequest,
  seen: LimitState | undefined,
  state: LimitState,
  { id }: TakeId,
  item: TakeItem,
): TransactWriteCommandInput {
  const { ReturnValues: _, ...update } = replaceState(table, request, seen, state);
  const isNew = 'attribute_not_exists(pk)';
  const isOver = '#until <= :now';
  return {
    TransactItems: [
      { Update: update as NonNullable<NonNullable<TransactWriteCommandInput['TransactItems']>[number]['Update']> },
      {
        Put: {
          TableName: table,
          Item: { ...takeKey(request, id), ...item, format: FORMAT, ttl: ttlOf(item.until) },
          ConditionExpression: `${isNew} OR ${isOver}`,
          ExpressionAttributeNames: { '#until': 'until' },
          ExpressionAttributeValues: { ':now': item.at },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
    ],
  };
}
