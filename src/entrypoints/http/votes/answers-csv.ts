import type { ReportedAnswers } from '../../../domain/votes/list-answers.ts';
import type { Poll } from '../../../domain/votes/poll.ts';
import { csvRow } from './results-csv.ts';

/**
 * Answers as a table with a column for each question, line by line. Nothing is given before the first answers are read, so
 * that a store that cannot be reached is told of in time.
 */
export async function* answersCsv(
  { questions = [] }: Poll,
  answers: AsyncIterable<ReportedAnswers>,
): AsyncGenerator<string> {
  const ids = questions.map(({ id }) => id);
  let head = csvRow(['ballot', 'choice', 'revision', ...ids]);
  for await (const { ballot, choice, revision, answers: texts } of answers) {
    yield head + csvRow([ballot, choice, revision, ...ids.map((id) => texts[id] ?? null)]);
    head = '';
  }
  if (head !== '') yield head;
}
