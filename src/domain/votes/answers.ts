import type { Notice, NoticeTerms } from './notice.ts';

/** What a poll asks beside a vote. */
export interface Question {
  /** Names its answers; unique in the poll. */
  readonly id: string;
  readonly text: string;
}

/** What a voter has said beside a ballot. */
export interface BallotAnswers {
  readonly pollId: string;
  readonly ballotId: string;
  /** Those of the ballot: indexes in the poll's `choices`, rising. */
  readonly choices: readonly number[];
  /** By index in the poll's `questions`, up to the last one to which something was said; empty where nothing was. */
  readonly texts: readonly string[];
  /** 1 for the first answers, and 1 more for each change. */
  readonly revision: number;
  /** Epoch ms. */
  readonly changedAt: number;
  /** In a poll whose feedback somebody is told of. */
  readonly terms?: NoticeTerms;
  /** How far somebody was told. Answers with revision 0 have nothing else. */
  readonly notice?: Notice;
}

/** New texts for some of the questions. An empty one takes an answer back. */
export type AnswerChange = Pick<BallotAnswers, 'pollId' | 'ballotId' | 'choices' | 'changedAt' | 'terms'> & {
  /** By index in the poll's `questions`; at least one. */
  readonly texts: readonly (readonly [question: number, text: string])[];
};

/** 0 where nothing was ever said. */
export const revisionOf = (answers: BallotAnswers | undefined): number => answers?.revision ?? 0;

/** The texts that differ from those that are there. */
export const differing = (before: BallotAnswers | undefined, texts: AnswerChange['texts']): AnswerChange['texts'] =>
  texts.filter(([question, text]) => text !== (before?.texts[question] ?? ''));

/** What the answers are once a change is made; the same object if it changes nothing. */
export function withAnswers(before: BallotAnswers | undefined, change: AnswerChange): BallotAnswers | undefined {
  const changed = differing(before, change.texts);
  if (changed.length === 0) return before;
  const texts = [...(before?.texts ?? [])];
  for (const [question, text] of changed) {
    while (texts.length < question) texts.push('');
    texts[question] = text;
  }
  const { pollId, ballotId, choices, changedAt, terms } = change;
  const said = texts.map((text) => text !== '').lastIndexOf(true) + 1;
  const revision = revisionOf(before) + 1;
  return { pollId, ballotId, choices, texts: texts.slice(0, said), revision, changedAt, ...(terms ? { terms } : {}) };
}

/** Answers by id of their questions, in the poll's order, without those that are empty. */
export const answersById = (
  questions: readonly Question[],
  texts: readonly string[],
): Readonly<Record<string, string>> =>
  Object.fromEntries(questions.flatMap(({ id }, index) => (texts[index] ? [[id, texts[index]]] : [])));
