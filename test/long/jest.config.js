import base from '../../jest.config.js';

/** The tests that take minutes: `npm run test:long`. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/long/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // One after the other: each runs several processes itself, and some are held to times.
  maxWorkers: 1,
  testTimeout: 600_000,
};
