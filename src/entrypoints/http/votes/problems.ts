import type { ProblemTable } from '../problems.ts';

export const problems: ProblemTable = {
  VOTES_POLL_NOT_FOUND: {
    status: 404,
    title: 'There is no such poll',
    advice: 'Check the id against `GET /polls`.',
  },
  VOTES_POLL_EXISTS: {
    status: 409,
    title: 'A poll with this id exists',
    advice: 'Choose another `pollId`, or leave it out and let the service make one.',
  },
  VOTES_NUMBER_TAKEN: {
    status: 409,
    title: 'Another poll has this phone number',
    advice:
      'A number serves one poll at a time. Close the other poll first, or choose a time or number that do not meet it.',
  },
  VOTES_NO_SLACK: {
    status: 409,
    title: 'There is no Slack to tell',
    advice:
      'Whoever runs the service sets `SLACK_WEBHOOK_URL`, or `SLACK_BOT_TOKEN` and `SLACK_CHANNEL`. A `notify.url` needs neither.',
  },
  VOTES_UNKNOWN_CHOICE: {
    status: 422,
    title: 'This is not a choice of the poll',
    advice: 'Send one of the poll’s choices. Case, white space and punctuation around it do not matter.',
  },
  VOTES_POLL_CLOSED: {
    status: 409,
    title: 'The poll is closed',
    advice:
      'Nothing: votes that were accepted before count, and no more are taken. A poll of the first release can only be read.',
  },
  VOTES_POLL_NOT_OPEN: {
    status: 409,
    title: 'The poll is not open yet',
    advice: 'Vote again from `opensAt` on.',
  },
  VOTES_ALREADY_VOTED: {
    status: 409,
    title: 'This voter has voted',
    advice: 'Nothing: the poll takes one vote of each voter, and the first one counts.',
  },
  VOTES_CHANNEL_CLOSED: {
    status: 403,
    title: 'The poll takes no votes in this way',
    advice: 'Vote by one of the poll’s `channels`.',
  },
  VOTES_BALLOT_NOT_FOUND: {
    status: 404,
    title: 'There is no such vote',
    advice: 'Vote first, with the same `voteId`. Only votes that came over the web can be answered for.',
  },
  VOTES_VOTER_KEY_CHANGED: {
    status: 503,
    title: 'The key of the voters has changed',
    advice:
      'Nothing is counted, since everybody could vote twice. Whoever runs the service sets `VOTER_KEY` back to the key with ' +
      'which the poll was created.',
  },
  VOTES_AUDIT_UNFINISHED: {
    status: 503,
    title: 'The audit did not end in time',
    advice: 'The poll is closed. Close it again after `Retry-After` seconds; the count goes on where it was held up.',
  },
};
