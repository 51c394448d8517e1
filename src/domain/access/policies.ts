import { isMatch, type RouteStatement, readStatement } from '../shared/route-statement.ts';
import type { Policy, PolicySet } from './policy.ts';
import { isKey, subjectOfKey } from './subject.ts';

/** What decided. */
export interface Reason {
  readonly subject: string;
  readonly effect: 'allow' | 'deny';
  readonly statement: string;
}

export interface Decision {
  readonly allowed: boolean;
  /** Undefined where no statement speaks of the request, which is then refused. */
  readonly by: Reason | undefined;
}

/** What a caller may do and may not do. */
export interface Rights {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

interface Rule {
  readonly reason: Reason;
  readonly statement: RouteStatement;
}

interface Rules {
  readonly allow: readonly Rule[];
  readonly deny: readonly Rule[];
}

/** What a key may do without a policy. */
const EVERYTHING = '* /**';
const everything = readStatement(EVERYTHING) as RouteStatement;

/** Policies that are read once, so that many requests can be judged by them. */
export class Policies {
  readonly version: number;
  private readonly rules = new Map<string, Rules>();

  constructor({ version, policies }: PolicySet) {
    this.version = version;
    for (const policy of policies) this.rules.set(policy.subject, rulesOf(policy));
  }

  /**
   * Whether a request is allowed: by default it is not, and whatever denies wins.
   *
   * @param subjects of who sends it
   * @param segments of the route's path, with its parameters decoded: each is one segment, whatever it holds
   */
  decide(subjects: readonly string[], method: string, segments: readonly string[]): Decision {
    for (const effect of ['deny', 'allow'] as const)
      for (const subject of subjects)
        for (const { statement, reason } of this.of(subject)[effect])
          if (isMatch(statement, method, segments)) return { allowed: effect === 'allow', by: reason };
    return { allowed: false, by: undefined };
  }

  /** What some subjects may do together, each statement once. */
  rightsOf(subjects: readonly string[]): Rights {
    const all = (effect: keyof Rules) => [
      ...new Set(subjects.flatMap((subject) => this.of(subject)[effect].map(({ reason }) => reason.statement))),
    ];
    return { allow: all('allow'), deny: all('deny') };
  }

  private of(subject: string): Rules {
    return this.rules.get(subject) ?? (isKey(subject) ? unrestricted(subject) : NO_RULES);
  }
}

/**
 * Whether nobody could give back by a key what these policies take: no configured key may put or delete the policy of a
 * configured key. Whoever deletes a key's policy gives that key everything.
 *
 * @param keyNames of the configured keys
 */
export function isLockedOut(set: PolicySet, keyNames: readonly string[]): boolean {
  const policies = new Policies(set);
  const keys = keyNames.map(subjectOfKey);
  return !keys.some((key) =>
    keys.some((other) =>
      ['PUT', 'DELETE'].some((method) => policies.decide([key], method, ['policies', other]).allowed),
    ),
  );
}

const NO_RULES: Rules = { allow: [], deny: [] };

const unrestricted = (subject: string): Rules => ({
  allow: [{ statement: everything, reason: { subject, effect: 'allow', statement: EVERYTHING } }],
  deny: [],
});

function rulesOf({ subject, allow, deny }: Pick<Policy, 'subject' | 'allow' | 'deny'>): Rules {
  const read = (effect: keyof Rules, texts: readonly string[]): Rule[] =>
    texts.flatMap((text) => {
      const statement = readStatement(text);
      const reason = { subject, effect, statement: text };
      if (typeof statement !== 'string') return [{ statement, reason }];
      // Of another release. It allows nothing, and denies whatever it might deny.
      return effect === 'deny' ? [{ statement: everything, reason }] : [];
    });
  return { allow: read('allow', allow), deny: read('deny', deny) };
}
