import type { ProblemTable } from '../problems.ts';

export const problems: ProblemTable = {
  LIMITS_NOT_FOUND: {
    status: 404,
    title: 'There is no such limit',
    advice: 'Check the id against `GET /limits`. A limit begins with `PUT /limits/{policyId}`.',
  },
};
