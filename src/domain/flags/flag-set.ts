import { flagSetFull, revertTooLarge, revisionNotFound } from './errors.ts';
import { bytesOf, type Flag, NOW } from './flag.ts';
import { instantIn } from './instants.ts';

/** How many flags a set may have. */
const MAX_FLAGS = 1_000;

/** How large a set may be: that much is read for each of its revisions, and answered as a whole. */
const MAX_BYTES = 1024 * 1024;

/** How many flags one revision may change. */
const MAX_CHANGES = 40;

/** Who makes a revision because an instant has passed that a rule names. */
export const SCHEDULE = 'schedule';

/** What a list shows of a flag set. */
export interface FlagSetSummary {
  readonly setId: string;
  readonly title?: string | undefined;
  /** Epoch ms. */
  readonly createdAt: number;
}

/** The flags of a set at one revision. What they are for a context depends on the revision and the context alone. */
export interface FlagSet extends FlagSetSummary {
  /** 0 for a new set; each change adds 1. */
  readonly revision: number;
  /** When the revision was made, epoch ms; never before the one that it follows. It is the `now` of rules. */
  readonly updatedAt: number;
  readonly flags: ReadonlyMap<string, Flag>;
}

/** One flag before and after a change; undefined where it was not, or is not any more. */
export interface FlagChange {
  readonly key: string;
  readonly before: Flag | undefined;
  readonly after: Flag | undefined;
}

/** What makes a revision out of the one before. */
export interface Revision {
  readonly revision: number;
  /** Epoch ms. */
  readonly at: number;
  /** Name of a key, subject of a token, or {@link SCHEDULE}. */
  readonly by: string;
  readonly reason?: string | undefined;
  /** None where time alone made it. */
  readonly changes: readonly FlagChange[];
}

/** The revision after that of a set. */
export const nextRevision = (
  set: FlagSet,
  { now, ...made }: Omit<Revision, 'revision' | 'at'> & { readonly now: number },
): Revision => ({ ...made, revision: set.revision + 1, at: Math.max(now, set.updatedAt) });

/**
 * A set as a revision leaves it.
 *
 * @throws DomainError `FLAGS_SET_FULL`
 */
export function applied(set: FlagSet, { revision, at, changes }: Revision): FlagSet {
  const flags = flagsAfter(set, changes);
  assertRoom(set, flags);
  return { ...set, revision, updatedAt: at, flags };
}

/** The flags of a set as changes leave them. */
export function flagsAfter(set: FlagSet, changes: readonly FlagChange[]): ReadonlyMap<string, Flag> {
  const flags = new Map(set.flags);
  for (const { key, after } of changes)
    if (after) flags.set(key, after);
    else flags.delete(key);
  return flags;
}

/** A set that is beyond a limit, from before there was one, can become smaller still. */
function assertRoom({ setId, flags: before }: FlagSet, after: ReadonlyMap<string, Flag>): void {
  if (after.size > MAX_FLAGS && after.size > before.size) throw flagSetFull(setId, `${MAX_FLAGS} flags`);
  const size = bytesOfAll(after);
  if (size > MAX_BYTES && size > bytesOfAll(before)) throw flagSetFull(setId, `${MAX_BYTES / 1024 ** 2} MiB of flags`);
}

const bytesOfAll = (flags: ReadonlyMap<string, Flag>): number =>
  [...flags.values()].reduce((sum, flag) => sum + bytesOf(flag), 0);

/**
 * The changes that bring a set back to what it was.
 *
 * @param were what the flags were that were changed since
 * @throws DomainError `FLAGS_REVERT_TOO_LARGE`
 */
export function changesBack(set: FlagSet, were: ReadonlyMap<string, Flag | undefined>): readonly FlagChange[] {
  const changes = [...were]
    .map(([key, after]) => ({ key, before: set.flags.get(key), after }))
    .filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after));
  if (changes.length > MAX_CHANGES) throw revertTooLarge(changes.length, MAX_CHANGES);
  return changes;
}

/** @throws DomainError `FLAGS_REVISION_NOT_FOUND` */
export function assertReached(set: FlagSet, revision: number): void {
  if (revision > set.revision) throw revisionNotFound(set.setId, revision);
}

/** A large set has many rules, and is asked for its next instant several times a second. */
const nextInstants = new WeakMap<object, number>();

/** The next instant, epoch ms, after that of the revision, at which a rule about `now` turns; Infinity for none. */
export function nextInstant(set: Pick<FlagSet, 'flags' | 'updatedAt'>): number {
  const known = nextInstants.get(set);
  if (known !== undefined) return known;
  const instant = findNextInstant(set);
  nextInstants.set(set, instant);
  return instant;
}

function findNextInstant({ flags, updatedAt }: Pick<FlagSet, 'flags' | 'updatedAt'>): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { rules = [] } of flags.values())
    for (const rule of rules)
      for (const { attribute, op, values = [] } of rule.if) {
        if (attribute !== NOW || op === 'flag') continue;
        const instant = instantIn(values[0]);
        if (instant !== undefined && instant > updatedAt && instant < next) next = instant;
      }
  return next;
}

/** A line of a set's history: what one revision did to one flag, or that time alone made it, where there is no key. */
export interface HistoryEntry extends Omit<Revision, 'changes'> {
  readonly key: string | null;
  readonly before: Flag | undefined;
  readonly after: Flag | undefined;
}

/** The lines of a revision, of which there is at least one. */
export function entriesOf({ changes, ...revision }: Revision): readonly HistoryEntry[] {
  if (changes.length === 0) return [{ ...revision, key: null, before: undefined, after: undefined }];
  return changes.map((change) => ({ ...revision, ...change }));
}

/** By what the history of a set is sorted. */
export const historyKey = (revision: number, index: number): string =>
  `${String(revision).padStart(12, '0')}.${String(index).padStart(2, '0')}`;
