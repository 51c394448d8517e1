/** Names what was skipped, and why, in the last lines of a run. */
module.exports = class SkippedReporter {
  onRunComplete(_, { testResults }) {
    const skipped = testResults.flatMap(({ testResults: tests }) =>
      tests.filter(({ status }) => status === 'pending').map(({ fullName }) => fullName),
    );
    if (skipped.length > 0) process.stderr.write(`\nSkipped:\n${skipped.map((name) => `  ${name}\n`).join('')}`);
  }
};
