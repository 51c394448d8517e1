import type { Random } from '../src/ports/system.ts';

/** One made-up voter's wish, sent once or more often. */
export interface PlannedVote {
  /** 0, 1, 2, …: tells the votes and voters of a run apart. */
  readonly index: number;
  /** Index in the poll's choices; undefined for a word that is none of them. */
  readonly choice: number | undefined;
  /** The word as typed. */
  readonly text: string;
  readonly channel: 'sms' | 'json';
  /** The voter does not wait for the answer, and sends the same again. */
  readonly hangsUp: boolean;
  /** How many other sends pass before the same is sent once more; undefined if it is sent once. */
  readonly duplicateAfter: number | undefined;
}

/** Shares of all votes, 0 to 1. */
export interface VoteMix {
  readonly sms: number;
  readonly duplicates: number;
  readonly hangUps: number;
  readonly unknown: number;
}

const MAX_DUPLICATE_DISTANCE = 500;
const UNKNOWN_WORDS = ['maybe', 'pink', 'who is this?', '42', 'the first one', 'rouge', '🙂', 'none of them'];

/** The same votes for the same numbers. Earlier choices are somewhat more popular than later ones. */
export function* planVotes(
  count: number,
  choices: readonly string[],
  mix: VoteMix,
  random: Random,
): Generator<PlannedVote> {
  const typed = choices.map((choice) => waysToType(choice, choices));
  const unknown = UNKNOWN_WORDS.filter((word) => !choices.some((choice) => looksLike(word, choice)));
  const happens = (share: number): boolean => random.next() < share;
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)] as T;
  for (let index = 0; index < count; index++) {
    const choice = happens(mix.unknown) ? undefined : Math.floor(random.next() ** 1.3 * choices.length);
    const isAtOnce = happens(0.5);
    yield {
      index,
      choice,
      text: pick(choice === undefined ? unknown : (typed[choice] as readonly string[])),
      channel: happens(mix.sms) ? 'sms' : 'json',
      hangsUp: happens(mix.hangUps),
      duplicateAfter: happens(mix.duplicates)
        ? isAtOnce
          ? 0
          : Math.floor(random.next() * MAX_DUPLICATE_DISTANCE)
        : undefined,
    };
  }
}

export interface PlannedSend {
  readonly vote: PlannedVote;
  readonly isDuplicate: boolean;
}

/** Puts the duplicates where they belong among the votes. */
export function* planSends(votes: Iterable<PlannedVote>): Generator<PlannedSend> {
  const due = new Map<number, PlannedVote[]>();
  let position = 0;
  function* duplicatesAt(position: number): Generator<PlannedSend> {
    for (const vote of due.get(position) ?? []) yield { vote, isDuplicate: true };
    due.delete(position);
  }
  for (const vote of votes) {
    yield { vote, isDuplicate: false };
    if (vote.duplicateAfter !== undefined) {
      const at = position + vote.duplicateAfter;
      due.set(at, [...(due.get(at) ?? []), vote]);
    }
    yield* duplicatesAt(position++);
  }
  for (const left of [...due.keys()].sort((one, other) => one - other)) yield* duplicatesAt(left);
}

/** What people make of a word on a phone; all of it means the word. */
function waysToType(choice: string, choices: readonly string[]): readonly string[] {
  const lower = choice.toLowerCase();
  const ways = [
    choice,
    lower,
    choice.toUpperCase(),
    lower.replace(/^./u, (first) => first.toUpperCase()),
    ` ${lower} `,
    `${lower}!`,
    `${choice}.`,
    `${lower} 🙂`,
    `"${lower}"`,
    fullWidth(lower),
  ];
  const others = choices.filter((other) => other !== choice);
  return [choice, ...ways.filter((way) => !others.some((other) => looksLike(way, other)))];
}

/** Letters of the width that East Asian keyboards type. */
const fullWidth = (text: string): string =>
  text.replace(/[!-~]/g, (character) => String.fromCodePoint((character.codePointAt(0) as number) + 0xfee0));

const looksLike = (one: string, other: string): boolean => fold(one).includes(fold(other));

const fold = (text: string): string => text.normalize('NFKC').toLowerCase().trim();
