import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import base from '../../jest.config.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

const { CHROMIUM_PATH, PATH = '' } = process.env;
const candidates = CHROMIUM_PATH
  ? [CHROMIUM_PATH]
  : PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
const chromium = candidates.find(isProgram);
if (!chromium) {
  process.stderr.write(
    CHROMIUM_PATH
      ? `CHROMIUM_PATH is ${CHROMIUM_PATH}, which is not a program. Set it to Chromium or Chrome.\n`
      : 'The browser tests need Chromium, and there is none on the PATH. Install it ("apt-get install chromium" on ' +
          'Debian), or set CHROMIUM_PATH to Chromium or Chrome.\n',
  );
  process.exit(1);
}
process.env.CHROMIUM_PATH = chromium;

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The tests that drive a real browser against the built server: `npm run test:browser`. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 60_000,
};
