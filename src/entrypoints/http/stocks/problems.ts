import type { ProblemTable } from '../problems.ts';

export const problems: ProblemTable = {
  STOCKS_NOT_FOUND: {
    status: 404,
    title: 'There is no such stock',
    advice: 'Check the id against `GET /stock`. Ids are case-sensitive.',
  },
  STOCKS_RATE_MISSING: {
    status: 502,
    title: 'The source of rates has none for these currencies',
    advice:
      'Ask for other currencies: `GET /rates` lists those that the source has. Whoever runs the service can choose ' +
      'another source in `RATE_SOURCES`.',
    isExpected: true,
  },
  STOCKS_RATES_UNAVAILABLE: {
    status: 503,
    title: 'There are no rates that may be used',
    advice:
      'No source of rates answers, and the last table is older than `RATES_MAX_STALE_SECONDS`. Send the same request ' +
      'again after `Retry-After` seconds.',
  },
};
