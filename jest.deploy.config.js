import base from './jest.config.js';

/** Deploys the stack into an emulated AWS and uses it there: `npm run test:deploy`. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/deploy/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 120_000,
};
