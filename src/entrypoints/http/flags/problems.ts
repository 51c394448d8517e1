import type { ProblemTable } from '../problems.ts';

export const problems: ProblemTable = {
  FLAGS_SET_NOT_FOUND: {
    status: 404,
    title: 'There is no such flag set',
    advice: 'Check the id against `GET /flag-sets`. Ids are case-sensitive.',
  },
  FLAGS_NOT_FOUND: {
    status: 404,
    title: 'There is no such flag',
    advice: 'Check the key against `GET /flag-sets/{set}`. Keys are case-sensitive.',
  },
  FLAGS_REVISION_NOT_FOUND: {
    status: 404,
    title: 'The flag set has not had this revision',
    advice: 'Choose a revision that `GET /flag-sets/{set}/history` lists, or 0 for the set without flags.',
  },
  FLAGS_SET_EXISTS: {
    status: 409,
    title: 'This id of a flag set is taken',
    advice:
      'Choose another `setId`, or leave it out. The id of a set that was deleted is not given again, so that no client takes ' +
      'a new set for a later revision of the old one.',
  },
  FLAGS_CYCLE: {
    status: 409,
    title: 'The flag would need itself',
    advice: 'Leave out one of the conditions with `flag` that lead from the flag back to it; `detail` names the way.',
  },
  FLAGS_SET_FULL: {
    status: 409,
    title: 'The flag set is full',
    advice:
      'A set may have 1,000 flags, and 1 MiB of them. Delete those that nobody needs any more, or make another set.',
  },
  FLAGS_REVERT_TOO_LARGE: {
    status: 409,
    title: 'Too many flags differ between the two revisions',
    advice:
      'One revision may change 40 flags. Revert to a later revision first, and then again to the one that is wanted.',
  },
};
