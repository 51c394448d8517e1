import type { Limit, LimitAccuracy, LimitPolicy, LimitSettings } from '../domain/limits/policy.ts';
import type { LimitState, Take } from '../domain/limits/take.ts';
import type { Page, PageRequest } from '../domain/shared/page.ts';

/** Whose limit it is: a key of a policy, such as one client. */
export interface LimitKey {
  readonly policyId: string;
  /** 1–256 characters, any but lone surrogates. */
  readonly key: string;
}

/** Identifies a take, so that its repeat takes nothing. */
export interface TakeId {
  readonly id: string;
  /** Digest of what else was asked for; the same id with another content is refused. */
  readonly content: string;
}

export interface TakeRequest extends LimitKey {
  readonly limit: Limit;
  readonly accuracy: LimitAccuracy;
  /** 1 to `maxCost` of the limit. */
  readonly cost: number;
  readonly id?: TakeId;
  /** Changes when keys of the policy were reset: what a process remembers from before does not hold any more. */
  readonly resets?: number;
}

export interface Taken extends Take {
  /** The time by which it was decided, epoch ms: the store's. */
  readonly at: number;
  /** It was taken before, under the same id: the decision is that one. */
  readonly isReplay?: true;
  /** There is no room for another key, and it shares a bucket with others. */
  readonly isShared?: true;
}

export interface KeptState {
  /** Undefined for a key that has everything. */
  readonly state: LimitState | undefined;
  /** The store's time, epoch ms. */
  readonly at: number;
}

/** What is kept of the keys of limits. Every method settles within 250 ms. */
export interface LimitStore {
  /**
   * Takes from a limit as `take` of the domain does, by the store's time, at once and for all processes: from rate and quota
   * or from neither. A repeat of an allowed take under the same id within 60 s is answered the same and takes nothing
   * (`exact`: to any process, `leased`: to the process that took); a refusal is not remembered under its id.
   *
   * @throws DomainError `STORE_UNAVAILABLE`: without an id it may have taken, `IDEMPOTENCY_KEY_REUSED` for an id with other content,
   * `LIMITS_POLICY_OUTDATED` when another process has taken by a newer version of the limit
   */
  take(request: TakeRequest): Promise<Taken>;

  /** What is kept of a key. @throws DomainError `STORE_UNAVAILABLE` */
  read(key: LimitKey): Promise<KeptState>;

  /** Forgets a key, which then has everything. @throws DomainError `STORE_UNAVAILABLE`; may be repeated */
  reset(key: LimitKey): Promise<void>;
}

/** What is kept of keys by this process alone. */
export interface LocalLimitStore extends LimitStore {
  /** Takes from all of these limits, which differ, or from none of them, before anybody else takes. Ids do not count. */
  takeAll(requests: readonly TakeRequest[]): readonly Taken[];
}

/** What happened to the takes of a policy. */
export interface TakeCounts {
  readonly allowed: number;
  /** In shadow mode, those that would have been refused. */
  readonly refused: number;
  /** Of both, those that were answered without the store. */
  readonly degraded: number;
}

export interface PolicyChanged {
  readonly policy: LimitPolicy;
  /** Undefined for a policy that is new. */
  readonly before: LimitPolicy | undefined;
}

/** Policies by id. Reads are consistent; every method settles within 2 s. */
export interface LimitPolicyStore {
  /** @throws DomainError `STORE_UNAVAILABLE` */
  get(policyId: string): Promise<LimitPolicy | undefined>;

  /**
   * Stores a policy while it is as it was seen (its `version`), or absent, under a version that is later than that, and than
   * every one that was deleted: keys remember by which version they were taken from.
   *
   * @param now epoch ms
   * @returns undefined, with nothing written, if it has changed
   * @throws DomainError `STORE_UNAVAILABLE`; the change may have been made
   */
  replace(
    policyId: string,
    seen: LimitPolicy | undefined,
    settings: LimitSettings,
    now: number,
  ): Promise<LimitPolicy | undefined>;

  /** Removes a policy while it is as it was seen. @returns whether it was @throws DomainError `STORE_UNAVAILABLE` */
  delete(seen: LimitPolicy): Promise<boolean>;

  /** Notes that a key was reset, in `resets`. Nothing if there is no such policy. @throws DomainError `STORE_UNAVAILABLE` */
  noteReset(policyId: string): Promise<void>;

  /**
   * All policies, each once, by id.
   *
   * @throws DomainError `INVALID_REQUEST` for a text that is no cursor (`sortKeyIn`), `STORE_UNAVAILABLE`
   */
  list(page: PageRequest): Promise<Page<LimitPolicy>>;
}

/** A policy as a process knows it. */
export interface KnownPolicy {
  readonly policy: LimitPolicy;
  /** The store did not answer, and this is older than a second. */
  readonly isStale: boolean;
}

/** Policies as a process knows them, at most a second old, or five minutes while the store is away. */
export interface KnownPolicies {
  /**
   * @param newerThan the version of which it is known that there is a later one
   * @returns undefined if there is none
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  find(policyId: string, newerThan?: number): Promise<KnownPolicy | undefined>;
}

/** Counts of the takes of all processes. */
export interface LimitCounts {
  /** This process takes: from the next {@link flush} on it is one of the {@link processes}. */
  bePresent(): void;
  /** Counts in this process; stored with the next {@link flush}. */
  add(policyId: string, counts: TakeCounts): void;
  /** Stores what this process has counted. A repeat counts nothing twice. @throws DomainError `STORE_UNAVAILABLE` */
  flush(): Promise<void>;
  /**
   * What all processes have stored. What those have counted that are gone may be missing or doubled in one reading, while
   * it is moved.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  read(policyIds: readonly string[]): Promise<ReadonlyMap<string, TakeCounts>>;
  /** Forgets what was counted of a policy. @throws DomainError `STORE_UNAVAILABLE`; may be repeated */
  remove(policyId: string): Promise<void>;
  /** How many processes take, as far as this one knows; 1 at least. */
  processes(): number;
}
