import base from '../../jest.config.js';

/** What needs programs from PyPI: the stack in an emulated AWS, and a client for Python. `npm run test:deploy`. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/deploy/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // One after the other: those who need SAM install it at the first use.
  maxWorkers: 1,
  testTimeout: 120_000,
};
