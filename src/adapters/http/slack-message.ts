import { beginningOf } from '../../domain/shared/beginning-of.ts';
import type { Feedback } from '../../domain/votes/feedback.ts';
import type { Poll } from '../../domain/votes/poll.ts';

/** What a message says, as Slack's API takes it. */
export interface SlackMessage {
  /** For notifications of phones. Nothing in it was written by a voter. */
  readonly text: string;
  readonly blocks: readonly object[];
}

type About = Pick<Poll, 'pollId' | 'question' | 'choices'>;

/** Of a text of Slack's own form, and of one in a block. */
const MAX_TEXT = 3_000;
/** Feedback that a digest quotes, and how much of its words. */
const QUOTED = 10;
const QUOTED_TEXT = 200;
const REPEAT = 'This may be a repeat: it is unknown whether an earlier message came through.';

/** One feedback. */
export function messageOn(poll: About, feedback: Feedback): SlackMessage {
  const { choice, answers, told, mayBeRepeat } = feedback;
  return {
    text: `${told ? 'More feedback' : 'Feedback'} in poll ${poll.pollId}`,
    blocks: [
      plain(`${told ? 'More on a feedback that was told before. ' : ''}${poll.question}\n${choice}`),
      ...answers.map(({ question, text }) => plain(`${question}\n${text}`)),
      context(`Poll ${poll.pollId} · voter ${feedback.voter}${mayBeRepeat ? ` · ${REPEAT}` : ''}`),
    ],
  };
}

/** Many at once: how many chose what, and some of their words. */
export function digestOf(poll: About, feedback: readonly Feedback[]): SlackMessage {
  const counts = poll.choices.flatMap((choice) => {
    const count = feedback.filter((each) => each.choice === choice).length;
    return count > 0 ? [`${choice}: ${count}`] : [];
  });
  const withWords = feedback.filter(({ answers }) => answers.length > 0);
  const repeats = feedback.filter(({ mayBeRepeat }) => mayBeRepeat).length;
  const more = feedback.filter(({ told }) => told !== undefined).length;
  return {
    text: `${feedback.length} feedbacks in poll ${poll.pollId}`,
    blocks: [
      plain(`${poll.question}\n${feedback.length} feedbacks: ${counts.join(', ')}`),
      ...withWords
        .slice(0, QUOTED)
        .map(({ choice, answers }) =>
          plain(`${choice}: ${answers.map(({ text }) => beginningOf(text, QUOTED_TEXT)).join(' / ')}`),
        ),
      context(
        [
          `Poll ${poll.pollId}`,
          ...(withWords.length > QUOTED
            ? [`${withWords.length - QUOTED} more have words: read them in its answers`]
            : []),
          ...(more > 0 ? [`${more} of them were told before, and have changed`] : []),
          ...(repeats > 0 ? [`${repeats} of them may be repeats`] : []),
        ].join(' · '),
      ),
    ],
  };
}

/** Text that Slack shows as it is: it makes no mentions, links, emoji or formats of it. */
const plainText = (text: string) => ({ type: 'plain_text', text: shown(text), emoji: false });
const plain = (text: string) => ({ type: 'section', text: plainText(text) });
const context = (text: string) => ({ type: 'context', elements: [plainText(text)] });

/** What would turn the direction of the text behind it. */
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069]/g;

/** Slack takes no empty text. */
const shown = (text: string): string => beginningOf(text.replace(DIRECTIONS, ''), MAX_TEXT).trim() || '(nothing)';
