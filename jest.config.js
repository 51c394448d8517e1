import { availableParallelism } from 'node:os';

/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // The browser tests need Chromium and a build (npm run test:browser), the long ones minutes (npm run test:long), that of
  // the image an engine (npm run test:image).
  testPathIgnorePatterns: [
    '/node_modules/',
    '/planted/',
    '/test/browser/',
    '/test/long/',
    '/test/image/',
    '/test/deploy/',
  ],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'tsconfig.json', diagnostics: false }] },
  // On two cores jest would use one: most suites wait for a server half of the time.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testTimeout: 30_000,
  reporters: ['default', '<rootDir>/test/helpers/summary-reporter.cjs'],
};
