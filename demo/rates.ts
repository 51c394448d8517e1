import { once } from 'node:events';
import { ServiceError } from './errors.ts';
import { readOptions, wholeNumber } from './options.ts';
import { FAULTS, startFakeRateProvider } from './rate-provider.ts';
import type { Scenario } from './scenario.ts';

const faults = Object.entries(FAULTS).map(([kind, meaning]) => `  ${kind.padEnd(10)}${meaning}`);

const usage = `Usage: npm run demo -- rates [options]

A made-up provider of exchange rates that answers in the formats of all the services that RATE_SOURCES knows, and does
wrong whatever it is told to do wrong. It runs until Ctrl-C.

  --port N           where it listens; 0 picks a free port (9000)
  --help             this text

Give it to the service:
  RATE_SOURCES=frankfurter=http://127.0.0.1:9000 npm start

See what it does and how often it was asked, and change what it does:
  curl -s localhost:9000/control
  curl -s -X PUT localhost:9000/control -d '{"fault": {"kind": "status", "status": 503}}'

Kinds of faults:
${faults.join('\n')}`;

export const rates: Scenario = {
  summary: 'A provider of exchange rates that can be told to fail',
  usage,

  async run(args) {
    const given = readOptions(args, { port: { type: 'string', default: '9000' } });
    const port = wholeNumber('port', given.port, 0, 65_535);
    const provider = await startFakeRateProvider({ port }).catch((error) => {
      throw new ServiceError(`Cannot listen on port ${port} (${error.code}). Choose another one with --port.`);
    });
    console.log(`Rates are published at ${provider.url}. End with Ctrl-C.`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    await provider.stop();
    return 0;
  },
};
