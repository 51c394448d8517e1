import { DomainError } from '../shared/domain-error.ts';
import type { Channel, Poll } from './poll.ts';

export const pollNotFound = (pollId: string): DomainError =>
  new DomainError('VOTES_POLL_NOT_FOUND', `There is no poll "${pollId}".`);

export const pollExists = (pollId: string): DomainError =>
  new DomainError('VOTES_POLL_EXISTS', `A poll "${pollId}" exists already. Choose another pollId, or leave it out.`);

export const numberTaken = (smsNumber: string): DomainError =>
  new DomainError(
    'VOTES_NUMBER_TAKEN',
    `${smsNumber} belongs to another poll during some of that time. Close that poll first, or choose another time or number.`,
  );

export const unknownChoice = (poll: Poll): DomainError =>
  new DomainError(
    'VOTES_UNKNOWN_CHOICE',
    `That is not a choice of this poll. Choose one of: ${poll.choices.join(', ')}.`,
  );

export const pollClosed = (pollId: string): DomainError =>
  new DomainError('VOTES_POLL_CLOSED', `Poll "${pollId}" is closed and takes no more votes.`);

export const pollNotOpen = (pollId: string): DomainError =>
  new DomainError('VOTES_POLL_NOT_OPEN', `Poll "${pollId}" does not take votes yet.`);

export const ballotNotFound = (pollId: string): DomainError =>
  new DomainError('VOTES_BALLOT_NOT_FOUND', `No vote with this voteId is counted in poll "${pollId}".`);

export const alreadyVoted = (pollId: string): DomainError =>
  new DomainError('VOTES_ALREADY_VOTED', `This voter has voted in poll "${pollId}" already; the first vote counts.`);

export const voterKeyChanged = (pollId: string): DomainError =>
  new DomainError(
    'VOTES_VOTER_KEY_CHANGED',
    `The votes of poll "${pollId}" are kept under another VOTER_KEY than the one that this process has.`,
    { retryAfterSeconds: 60 },
  );

export const noSlack = (): DomainError =>
  new DomainError(
    'VOTES_NO_SLACK',
    'This service has no Slack to tell. Set SLACK_WEBHOOK_URL, or SLACK_BOT_TOKEN and SLACK_CHANNEL, or notify a url.',
  );

const CHANNEL_NAMES = { sms: 'text message', web: 'web' } as const;

export const channelClosed = ({ pollId }: Poll, channel: Channel): DomainError =>
  new DomainError('VOTES_CHANNEL_CLOSED', `Poll "${pollId}" takes no votes by ${CHANNEL_NAMES[channel]}.`);
