import type { Poll } from '../../../domain/votes/poll.ts';
import type { SmsOutcome } from '../../../domain/votes/take-sms-vote.ts';
import { isGsm7, segmentsOf } from './sms-segments.ts';

/** A list of choices is cut where it would cost more. */
const MAX_SEGMENTS = 3;
const MAX_QUESTION_LENGTH = 60;

/** With these words replies begin, all of them in GSM-7. */
const OPENINGS = {
  counted: 'Thank you! Your vote for',
  'already-voted': 'You have voted already',
  'unknown-word': 'Sorry, that is not one of the choices.',
  'channel-closed': 'Sorry, this poll is not open to text messages.',
  'poll-closed': 'Sorry, this poll is closed.',
  'poll-not-open': 'This poll is not open yet:',
  'no-poll': 'There is no vote running at this number.',
} as const;

/** Whether a text quotes one of our replies, as it does when a phone tells that somebody likes it. */
export const quotesReply = (text: string): boolean => Object.values(OPENINGS).some((words) => text.includes(words));

/** The TwiML answer to a text message: what the voter is told of it, if anything. */
export async function twimlReply(outcome: SmsOutcome | undefined): Promise<string> {
  // Loaded with the first text message.
  const { default: MessagingResponse } = await import('twilio/lib/twiml/MessagingResponse.js');
  const response = new MessagingResponse();
  const text = outcome && replyText(outcome);
  if (text !== undefined) response.message(text);
  return response.toString();
}

/** A reply is far below 1,600 characters, over which Twilio refuses it (error 21617). */
function replyText(outcome: SmsOutcome): string | undefined {
  switch (outcome.kind) {
    case 'reserved-word':
      return undefined;
    case 'counted':
      return `${OPENINGS.counted} ${outcome.choice} is counted.`;
    case 'already-voted': {
      const question = quotedQuestion(outcome.poll);
      return `${OPENINGS['already-voted']}${question ? ` in ${question}` : ''}. Your first vote counts.`;
    }
    case 'unknown-word':
      return `${OPENINGS['unknown-word']} Reply with one of: ${someOf(outcome.poll.choices)}`;
    case 'channel-closed':
      return OPENINGS['channel-closed'];
    case 'poll-closed':
      return `${OPENINGS['poll-closed']} Your message is not counted.`;
    case 'poll-not-open': {
      const question = quotedQuestion(outcome.poll) ?? 'it';
      return `${OPENINGS['poll-not-open']} ${question} opens at ${minute(outcome.poll.opensAt as number)}. Please vote then.`;
    }
    case 'no-poll':
      return OPENINGS['no-poll'];
  }
}

/** As many of the choices as fit into the reply, at least one, and how many more there are. */
function someOf(choices: readonly string[]): string {
  let list = '';
  for (let count = 1; count <= choices.length; count++) {
    const named = choices.slice(0, count).join(', ');
    const more = choices.length - count;
    const longer = more === 0 ? named : `${named}, ... (${more} more)`;
    const isTooLong = (text: string) =>
      segmentsOf(`${OPENINGS['unknown-word']} Reply with one of: ${text}`) > MAX_SEGMENTS;
    if (count > 1 && isTooLong(named)) break;
    if (count === 1 || !isTooLong(longer)) list = longer;
  }
  return list;
}

/** Punctuation that keyboards set by themselves, as GSM-7 has it. */
const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/[‘’‚‛′]/g, "'"],
  [/[“”„‟″«»]/g, '"'],
  [/[‐‑‒–—―−]/g, '-'],
  [/…/g, '...'],
  [/\s+/g, ' '],
];

/** The question, shortened. None where it alone would make the reply cost twice. */
function quotedQuestion({ question, choices }: Poll): string | undefined {
  const plain = PLAIN.reduce((text, [pattern, character]) => text.replace(pattern, character), question).trim();
  const short = shortened(plain, MAX_QUESTION_LENGTH);
  const isAffordable = isGsm7(short) || !choices.every(isGsm7);
  return short !== '' && isAffordable ? `"${short}"` : undefined;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Never cuts what a reader takes for one character. */
function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  let kept = '';
  for (const { segment } of graphemes.segment(text)) {
    if (kept.length + segment.length + '...'.length > length) break;
    kept += segment;
  }
  return kept === '' ? '' : `${kept.trimEnd()}...`;
}

/** @param time epoch ms. The minute from which on it is past: 10:00:30 is told as 10:01. */
const minute = (time: number): string =>
  `${new Date(Math.ceil(time / 60_000) * 60_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
