import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import {
  type _Record,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { DeleteCommand, GetCommand, PutCommand, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { passIfRefused } from '../../../src/adapters/dynamodb/errors.ts';
import { streamsClient } from '../../../src/adapters/dynamodb/streams/client.ts';
import {
  type Contact,
  type ContactRecord,
  compareImages,
  isPersonal,
  keepInStep,
  type Rule,
} from '../../helpers/derived-field.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';

type Step =
  | { readonly do: 'write'; readonly email: string }
  /** Somebody edits the field itself. */
  | { readonly do: 'edit'; readonly isPersonal: boolean }
  | { readonly do: 'delete' }
  /** Hands over a stretch of the stream, which may be old, and repeats it from its beginning if the handler dies in it. */
  | {
      readonly do: 'deliver';
      readonly from: number;
      readonly length: number;
      readonly reversed: boolean;
      readonly diesAfter: number | undefined;
    };

const emails = ['ada@gmail.com', 'ada@example.org', 'ada@outlook.com', 'ada@notgmail.com'];
const write = fc.record({ do: fc.constant('write' as const), email: fc.constantFrom(...emails) });
const edit = fc.record({ do: fc.constant('edit' as const), isPersonal: fc.boolean() });
const deletion = fc.constant({ do: 'delete' as const });
const deliver = fc.record({
  do: fc.constant('deliver' as const),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 5 }),
  reversed: fc.boolean(),
  diesAfter: fc.option(fc.nat(2), { nil: undefined }),
});
const schedules = fc.array(
  fc.oneof({ weight: 4, arbitrary: write }, edit, deletion, { weight: 5, arbitrary: deliver }),
  { minLength: 1, maxLength: 12 },
);
/** What even a stream without repeats and reordering does: the handler is late. */
const lateSchedules = fc.array(
  fc.oneof(write, fc.constant({ do: 'deliver', from: 1, length: 1, reversed: false, diesAfter: undefined } as const)),
  { minLength: 1, maxLength: 10 },
);

/** Each write makes at most one record, which makes no further write if the field ends in step. */
const MOST_ROUNDS = 100;

await withServer('derived fields on DynamoDB', startDynamoDbLocal, async ({ endpoint }) => {
  const client = await clientOf(endpoint);
  const streams = streamsClient(endpoint);
  const table = `derived-${process.pid}-${Date.now()}`;
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName: table,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  afterAll(() => {
    streams.destroy();
    client.destroy();
  });

  const StreamArn = TableDescription?.LatestStreamArn;
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const ShardId = StreamDescription?.Shards?.[0]?.ShardId;
  let iterator = (
    await streams.send(new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }))
  ).ShardIterator;

  /** What the stream has told since it was read last. */
  async function read(): Promise<ContactRecord[]> {
    const { Records = [], NextShardIterator } = await streams.send(new GetRecordsCommand({ ShardIterator: iterator }));
    iterator = NextShardIterator;
    return Records.map(recordOf);
  }

  let made = 0;

  /** One contact, its stream, and a handler that follows a rule. */
  class Following {
    readonly id = `contact-${++made}`;
    attempts = 0;
    private readonly stream: ContactRecord[] = [];
    /** Up to where the stream was handed over without a death. */
    private done = 0;

    constructor(private readonly rule: Rule) {}

    async run(schedule: readonly Step[]): Promise<void> {
      for (const step of schedule) await this.take(step);
      for (let round = 0; ; round++) {
        await this.fetch();
        if (this.done === this.stream.length) return;
        if (round === MOST_ROUNDS) throw new Error('the handler starts itself for ever');
        await this.deliver(this.stream.slice(this.done));
        this.done = this.stream.length;
      }
    }

    async contact(): Promise<Contact | undefined> {
      const { Item } = await client.send(
        new GetCommand({ TableName: table, Key: { id: this.id }, ConsistentRead: true }),
      );
      return Item as Contact | undefined;
    }

    async isInStep(): Promise<boolean> {
      const contact = await this.contact();
      return contact === undefined || contact.isPersonal === isPersonal(contact.email);
    }

    private async take(step: Step): Promise<void> {
      const { id } = this;
      switch (step.do) {
        case 'write':
          await client.send(
            new UpdateCommand({
              TableName: table,
              Key: { id },
              UpdateExpression: 'SET email = :email',
              ExpressionAttributeValues: { ':email': step.email },
            }),
          );
          return;
        case 'edit':
          await client
            .send(
              new UpdateCommand({
                TableName: table,
                Key: { id },
                UpdateExpression: 'SET isPersonal = :edited',
                ConditionExpression: 'attribute_exists(email)',
                ExpressionAttributeValues: { ':edited': step.isPersonal },
              }),
            )
            .catch(passIfRefused);
          return;
        case 'delete':
          await client.send(new DeleteCommand({ TableName: table, Key: { id } }));
          return;
        case 'deliver': {
          await this.fetch();
          const from = Math.round(step.from * this.done);
          const batch = this.stream.slice(from, from + step.length);
          const order = step.reversed ? batch.toReversed() : batch;
          await this.deliver(order.slice(0, step.diesAfter));
          if (step.diesAfter === undefined) this.done = Math.max(this.done, from + batch.length);
        }
      }
    }

    private async fetch(): Promise<void> {
      this.stream.push(...(await read()).filter(({ id }) => id === this.id));
    }

    private async deliver(records: readonly ContactRecord[]): Promise<void> {
      for (const record of records) {
        const update = this.rule(table, record);
        if (!update) continue;
        this.attempts++;
        await client.send(new UpdateCommand(update)).catch(passIfRefused);
      }
    }
  }

  const endsInStep = (rule: Rule) => async (schedule: readonly Step[]) => {
    const following = new Following(rule);
    await following.run(schedule);
    return following.isInStep();
  };

  const late = { do: 'deliver', from: 1, length: 1, reversed: false, diesAfter: undefined } as const;
  const writes = (email: string) => ({ do: 'write', email }) as const;
  const overtaken: readonly Step[] = [
    writes('ada@gmail.com'),
    writes('ada@example.org'),
    late,
    writes('ada@gmail.com'),
  ];

  describe('a derived field that is written under the condition of its source', () => {
    it('ends in step after writes, edits, deletes, repeats, other batches, reordering and deaths', async () => {
      await fc.assert(fc.asyncProperty(schedules, endsInStep(keepInStep)), { numRuns: 60, endOnFailure: false });
    });

    it('ends in step where comparing the images does not', async () => {
      expect(await endsInStep(keepInStep)(overtaken)).toBe(true);
    });

    it('attempts one write for a record, which a repeat of the record cannot make again', async () => {
      const following = new Following(keepInStep);
      await following.run([writes('ada@gmail.com')]);
      await following.run([{ ...late, from: 0, length: 5 }]);

      expect(following.attempts).toBe(2);
      expect(await following.contact()).toEqual({ id: following.id, email: 'ada@gmail.com', isPersonal: true });
    });

    it('leaves nothing of an item that was deleted before its record came', async () => {
      const following = new Following(keepInStep);
      await following.run([writes('ada@gmail.com'), { do: 'delete' }]);

      expect(await following.contact()).toBeUndefined();
    });

    it('is brought in step by a scan with the same rule where no stream tells of an item', async () => {
      const ids = ['old-1', 'old-2'];
      for (const [index, id] of ids.entries())
        await client.send(new PutCommand({ TableName: table, Item: { id, email: emails[index] } }));
      await read();

      const { Items = [] } = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
      for (const item of Items as ({ id: string } & Contact)[]) {
        const update = keepInStep(table, { id: item.id, new: item });
        if (update) await client.send(new UpdateCommand(update)).catch(passIfRefused);
      }

      const { Items: after = [] } = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
      expect(
        after
          .filter(({ id }) => ids.includes(id))
          .map(({ isPersonal }) => isPersonal)
          .sort(),
      ).toEqual([false, true]);
    });
  });

  describe('a derived field that is written when the images differ', () => {
    it('ends out of step when the handler is late, without any repeat or reordering', async () => {
      expect(await endsInStep(compareImages)(overtaken)).toBe(false);

      const found = await fc.check(fc.asyncProperty(lateSchedules, endsInStep(compareImages)), { numRuns: 300 });
      expect(found.failed).toBe(true);
    });

    it('makes an item of one that was deleted', async () => {
      const following = new Following(compareImages);
      await following.run([writes('ada@gmail.com'), { do: 'delete' }]);

      expect(await following.contact()).toEqual({ id: following.id, isPersonal: true });
    });
  });
});

function recordOf({ dynamodb }: _Record): ContactRecord {
  const contact = (image: unknown) => (image ? (unmarshall(image as never) as Contact) : undefined);
  const [before, after] = [contact(dynamodb?.OldImage), contact(dynamodb?.NewImage)];
  return {
    id: dynamodb?.Keys?.id?.S as string,
    ...(before ? { old: before } : {}),
    ...(after ? { new: after } : {}),
  };
}
