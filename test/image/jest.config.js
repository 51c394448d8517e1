import base from '../../jest.config.js';

/** Builds the Dockerfile and runs the image: `npm run test:image`. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/image/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 600_000,
};
