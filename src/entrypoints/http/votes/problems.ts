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
    advice: 'A number serves one scheduled or open poll at a time. Close that poll first, or use another number.',
  },
  VOTES_UNKNOWN_CHOICE: {
    status: 422,
    title: 'This is not a choice of the poll',
    advice: 'Send one of the poll’s choices. Case, white space and punctuation around it do not matter.',
  },
  VOTES_POLL_CLOSED: {
    status: 409,
    title: 'The poll is closed',
    advice: 'Nothing: votes that were accepted before count, and no more are taken.',
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
  VOTES_AUDIT_UNFINISHED: {
    status: 503,
    title: 'The audit did not end in time',
    advice: 'The poll is closed. Close it again after `Retry-After` seconds for the audit.',
  },
};
