import type { ProblemTable } from '../problems.ts';

export const problems: ProblemTable = {
  ACCESS_POLICY_NOT_FOUND: {
    status: 404,
    title: 'There is no policy for this subject',
    advice: 'Check the subject against `GET /policies`. A key without a policy may do everything, a token nothing.',
  },
  ACCESS_LOCKOUT: {
    status: 409,
    title: 'Nobody could change policies any more',
    advice:
      'Leave one of the keys of `API_KEYS` the right to put or delete the policy of a key, such as ' +
      '`PUT /policies/*`: that key can then give back whatever else was taken.',
  },
  ACCESS_TOO_MANY_POLICIES: {
    status: 409,
    title: 'The policies are as many, or as long, as they may be',
    advice:
      'Delete policies that nobody needs; give a group one policy in place of one for each of its members, and use `*` and ' +
      '`/**` in place of many statements.',
  },
  ACCESS_ISSUER_UNAVAILABLE: {
    status: 503,
    title: 'The issuer of the token does not answer',
    advice:
      'Send the same request again after `Retry-After` seconds, or use an API key. If it stays so, whoever runs the service ' +
      'finds in the log why the keys of the issuer cannot be read.',
    isExpected: true,
  },
};
