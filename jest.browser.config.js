import base from './jest.config.js';

/** The tests that drive a real browser against the built server: `npm run test:browser`. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 60_000,
};
