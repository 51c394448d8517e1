import type { FieldIssue } from '../../../domain/shared/domain-error.ts';

/** What a voter sent: the link that was opened, a vote, or answers. */
export type Sent = 'link' | 'vote' | 'answers';

const DAMAGED_LINK =
  'This link is not complete. Open it once more from the message in which you got it, or ask whoever sent it for a new one.';
const UNREADABLE: Readonly<Record<Sent, string>> = {
  link: DAMAGED_LINK,
  vote: 'Your vote is not counted, since it could not be read. Choose once more.',
  answers: 'Your answers are not kept, since they could not be read. Send them once more.',
};
const NOT_NOW: Readonly<Record<Sent, string>> = {
  link: 'This page cannot be shown just now. Wait a moment, then open the link once more.',
  vote: 'Your vote may not be counted yet. Wait a moment, then send it once more: it counts once.',
  answers: 'Your answers may not be kept yet. Wait a moment, then send them once more.',
};

/** By code; what differs with what was sent, by that. */
const SENTENCES: Readonly<Record<string, string | Readonly<Record<Sent, string>>>> = {
  FORBIDDEN: 'What you sent does not count, since it came from another page. Vote here.',
  IDEMPOTENCY_KEY_REUSED: 'You have voted already, and your first vote counts.',
  VOTES_POLL_NOT_FOUND:
    'There is no poll at this address. Open the link once more from the message in which you got it, or ask whoever sent it.',
  VOTES_BALLOT_NOT_FOUND: 'Your answers are not kept, since no vote of yours is counted yet. Vote first.',
  VOTES_UNKNOWN_CHOICE: 'Your vote is not counted, since this poll has no such choice. Choose one of these.',
  VOTES_POLL_CLOSED: {
    link: 'This poll is closed.',
    vote: 'Your vote came too late and is not counted.',
    answers: 'Your answers came too late and are not kept.',
  },
  VOTES_POLL_NOT_OPEN: 'Your vote is not counted, since it came too early. Vote once the poll is open.',
  VOTES_ALREADY_VOTED:
    'Your vote is not counted: under this name somebody has voted already. Each voter has one vote, and the first one counts.',
  VOTES_CHANNEL_CLOSED: 'Your vote is not counted, since this poll takes none on the web.',
  VOTES_VOTER_KEY_CHANGED:
    'No vote can be counted just now, since this service is not set up as it should be. Tell whoever sent you the link.',
};

/**
 * What a voter reads where something does not count. It says what to do, and holds nothing of what the API says: neither
 * names of fields nor the identity of the vote.
 */
export function refusalFor(code: string, issues: readonly FieldIssue[], sent: Sent): string {
  if (code === 'INVALID_REQUEST') return sentenceForIssue(issues, sent);
  if (isPassing(code)) return NOT_NOW[sent];
  if (!Object.hasOwn(SENTENCES, code)) return UNREADABLE[sent];
  const sentence = SENTENCES[code] as (typeof SENTENCES)[string];
  return typeof sentence === 'string' ? sentence : sentence[sent];
}

/** Whether the same may well succeed in a while. */
export const isPassing = (code: string): boolean =>
  code === 'STORE_UNAVAILABLE' || code === 'TOO_MANY_REQUESTS' || code === 'INTERNAL';

function sentenceForIssue(issues: readonly FieldIssue[], sent: Sent): string {
  const paths = issues.map(({ path }) => path);
  if (sent === 'link' || paths.some((path) => path === 'v' || path === 'voteId')) return DAMAGED_LINK;
  if (paths.includes('voter'))
    return 'Your vote is not counted yet. Write your name or address in up to 256 characters, then choose.';
  if (paths.some((path) => path.startsWith('answers.')))
    return 'Your answers are not kept. Write up to 1,000 characters for each, without characters that cannot be seen.';
  return UNREADABLE[sent];
}
