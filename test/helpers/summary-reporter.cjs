const { writeFileSync } = require('node:fs');

/**
 * Names what was skipped, and why, in the last lines of a run, and writes `<passed> <failed>` into the file that
 * `TEST_SUMMARY` names. A file that could not be run counts as one failure.
 */
module.exports = class SummaryReporter {
  onRunComplete(_, { testResults, numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    const skipped = testResults.flatMap(({ testResults: tests }) =>
      tests.filter(({ status }) => status === 'pending').map(({ fullName }) => fullName),
    );
    if (skipped.length > 0) process.stderr.write(`\nSkipped:\n${skipped.map((name) => `  ${name}\n`).join('')}`);
    const { TEST_SUMMARY } = process.env;
    if (TEST_SUMMARY) writeFileSync(TEST_SUMMARY, `${numPassedTests} ${numFailedTests + numRuntimeErrorTestSuites}\n`);
  }
};
