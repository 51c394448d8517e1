/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // The browser tests need Chromium and a build (npm run test:browser), the long ones minutes (npm run test:long).
  testPathIgnorePatterns: ['/node_modules/', '/planted/', '/test/browser/', '/test/long/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'tsconfig.json', diagnostics: false }] },
  testTimeout: 30_000,
  reporters: ['default', '<rootDir>/test/helpers/summary-reporter.cjs'],
};
