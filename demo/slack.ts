import { once } from 'node:events';
import { ServiceError } from './errors.ts';
import { FakeSlack, type SlackMood } from './fake-slack.ts';
import { readOptions, wholeNumber } from './options.ts';
import type { Scenario } from './scenario.ts';

const MOODS: Readonly<Record<SlackMood, string>> = {
  ok: 'it takes the message',
  busy: 'it answers 429, and asks to wait',
  lost: 'it takes the message, and its answer never arrives',
  broken: 'it answers 500, and takes nothing',
  refusing: 'it takes nothing, and never will',
  late: 'it takes the message, and answers a little later',
};

const usage = `Usage: npm run demo -- slack [options]

A made-up Slack that prints the messages which it takes, and does wrong whatever it is told to do wrong. It runs until Ctrl-C.

  --port N           where it listens; 0 picks a free port (9100)
  --moods a,b,…      what it does with the first requests, one after the other; afterwards it is ok
  --help             this text

Give it to the service, as a webhook or for a bot, whose messages are changed when more is said:
  SLACK_WEBHOOK_URL=http://127.0.0.1:9100/services/demo npm start
  SLACK_BOT_TOKEN=xoxb-for-the-demo SLACK_CHANNEL=C0123456789 SLACK_API_URL=http://127.0.0.1:9100/api npm start

Moods:
${Object.entries(MOODS)
  .map(([mood, meaning]) => `  ${mood.padEnd(10)}${meaning}`)
  .join('\n')}`;

export const slack: Scenario = {
  summary: 'A Slack that is told of feedback',
  usage,

  async run(args) {
    const given = readOptions(args, {
      port: { type: 'string', default: '9100' },
      moods: { type: 'string', default: '' },
    });
    const port = wholeNumber('port', given.port, 0, 65_535);
    const moods = given.moods.split(',').filter((mood) => mood !== '');
    const unknown = moods.find((mood) => !Object.hasOwn(MOODS, mood));
    if (unknown !== undefined)
      throw new ServiceError(`There is no mood "${unknown}". There is: ${Object.keys(MOODS).join(', ')}.`);
    const fake = await FakeSlack.start(port, ({ text, changes }) =>
      console.log(`\n--- ${changes > 0 ? `changed (${changes})` : 'message'}\n${text}`),
    ).catch((error) => {
      throw new ServiceError(`Cannot listen on port ${port} (${error.code}). Choose another one with --port.`);
    });
    fake.moods.push(...(moods as SlackMood[]));
    console.log(`Slack listens at ${fake.url}. End with Ctrl-C.`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    await fake.stop();
    return 0;
  },
};
