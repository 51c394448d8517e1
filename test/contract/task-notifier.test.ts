import { SNSClient } from '@aws-sdk/client-sns';
import { expect, it } from '@jest/globals';
import { MemoryTaskNotifier } from '../../src/adapters/memory/task-notifier.ts';
import { SnsTaskNotifier } from '../../src/adapters/sns/task-notifier.ts';
import type { TaskNotifier } from '../../src/ports/tasks.ts';
import { startSns } from '../helpers/servers/sns.ts';
import { describeWakeUps } from './task-notifier.contract.ts';

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:wake-ups';

async function openSns() {
  const sns = await startSns();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new SNSClient({ endpoint: sns.endpoint, region: 'eu-west-1', credentials });
  return {
    sns,
    notifier: new SnsTaskNotifier(client, TOPIC),
    heard: () => sns.published.length,
    close: async () => {
      client.destroy();
      await sns.stop();
    },
  };
}

describeWakeUps('memory', async () => {
  const notifier = new MemoryTaskNotifier();
  const heard: string[] = [];
  notifier.subscribe((queue) => heard.push(queue));
  return { notifier, heard: () => heard.length };
});
describeWakeUps('SNS', openSns);

it('signals in memory reach all who listen, for as long as they do', async () => {
  const notifier = new MemoryTaskNotifier();
  const [one, other]: string[][] = [[], []];
  const end = notifier.subscribe((queue) => one?.push(queue));
  notifier.subscribe((queue) => other?.push(queue));
  await notifier.notify(['first']);
  end();
  await notifier.notify(['second']);

  expect([one, other]).toEqual([['first'], ['first', 'second']]);
});

it('signals in memory say how long it takes until there is something to claim', async () => {
  const notifier = new MemoryTaskNotifier();
  const heard: unknown[] = [];
  notifier.subscribe((queue, inMs) => heard.push([queue, inMs]));
  await notifier.notify(['mail', 'other']);
  await notifier.notify(['mail'], 1_500);

  expect(heard).toEqual([
    ['mail', 0],
    ['other', 0],
    ['mail', 1_500],
  ]);
});

it('a topic is told once of many queues', async () => {
  const { sns, notifier, close } = await openSns();
  await (notifier as TaskNotifier).notify(['mail', 'other']);

  expect(sns.published).toHaveLength(1);
  await close();
});

it('a topic that takes no messages is named, with the reason', async () => {
  const { sns, notifier, close } = await openSns();
  sns.isFailing = true;
  const refusal = `${TOPIC} did not take a notification: no`;

  await expect(notifier.notify()).rejects.toThrow(refusal);
  await expect(notifier.reinvoke(1)).rejects.toThrow(refusal);
  await close();
});
