import type { SmsOutcome } from '../../../domain/votes/take-sms-vote.ts';

/** Twilio refuses longer messages (error 21617). */
const MAX_CHARACTERS = 1_600;

/** The TwiML answer to a text message: what the voter is told of it. */
export async function twimlReply(outcome: SmsOutcome): Promise<string> {
  // Loaded with the first text message.
  const { default: MessagingResponse } = await import('twilio/lib/twiml/MessagingResponse.js');
  const response = new MessagingResponse();
  const text = replyText(outcome);
  if (text !== undefined) response.message(text);
  return response.toString();
}

function replyText(outcome: SmsOutcome): string | undefined {
  switch (outcome.kind) {
    case 'reserved-word':
      return undefined;
    case 'counted':
      return `Thank you! Your vote for ${outcome.choice} is counted.`;
    case 'already-voted':
      return 'You have voted already. Your first vote counts.';
    case 'unknown-word':
      return `Sorry, that is not one of the choices. Reply with one of: ${listWithin(outcome.choices, MAX_CHARACTERS - 100)}`;
    case 'channel-closed':
      return 'Sorry, this poll is not open to text messages.';
    case 'poll-closed':
      return 'Sorry, this poll is closed. Your message is not counted.';
    case 'poll-not-open':
      return 'This poll is not open yet. Please vote again once it is.';
    case 'no-poll':
      return 'There is no vote running at this number.';
  }
}

function listWithin(words: readonly string[], characters: number): string {
  let list = '';
  for (const [index, word] of words.entries()) {
    const longer = index === 0 ? word : `${list}, ${word}`;
    if (longer.length > characters) return `${list}, …`;
    list = longer;
  }
  return list;
}
