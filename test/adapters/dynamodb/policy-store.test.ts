import type { DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { DynamoDbPolicyStore } from '../../../src/adapters/dynamodb/policy-store.ts';
import { NO_POLICIES, type Policy, type PolicySet } from '../../../src/domain/access/policy.ts';

type Item = Record<string, unknown>;

/** A table of which readers see the parts of a transaction one after the other, as they may in DynamoDB. */
class TornTable {
  version: Item | undefined;
  policies: Item[] = [];
  /** How many requests are answered before the second half of what was written is seen. */
  seenAfter = 0;
  isVersionFirst = true;
  reads = 0;
  private pending: (() => void) | undefined;

  readonly client = {
    send: async (command: unknown) => {
      if (command instanceof GetCommand || command instanceof QueryCommand) {
        this.reads++;
        if (this.pending && this.seenAfter-- <= 0) {
          this.pending();
          this.pending = undefined;
        }
        return command instanceof GetCommand ? { Item: this.version } : { Items: this.policies };
      }
      const [first, second] = (command as TransactWriteCommand).input.TransactItems ?? [];
      const setVersion = () => {
        this.version = first?.Put?.Item as Item;
      };
      const setPolicy = () => {
        const item = second?.Put?.Item as Item | undefined;
        const sk = item?.sk ?? second?.Delete?.Key?.sk;
        this.policies = [...this.policies.filter((other) => other.sk !== sk), ...(item ? [item] : [])];
      };
      const [now, later] = this.isVersionFirst ? [setVersion, setPolicy] : [setPolicy, setVersion];
      now();
      this.pending = later;
      return {};
    },
  } as unknown as DynamoDBDocumentClient;
}

const aPolicy = (subject: string, revision: number): Policy => ({
  subject,
  allow: ['GET /polls'],
  deny: [],
  revision,
  effectiveBy: 0,
});

describe('policies that are read while they are changed', () => {
  const changes: [string, PolicySet, string, Policy | undefined][] = [
    ['put', NO_POLICIES, 'group:a', aPolicy('group:a', 1)],
    ['replaced', { version: 1, policies: [aPolicy('group:a', 1)] }, 'group:a', aPolicy('group:a', 2)],
    ['removed', { version: 1, policies: [aPolicy('group:a', 1), aPolicy('group:b', 1)] }, 'group:a', undefined],
  ];

  it.each(
    changes.flatMap((change) => [true, false].map((isVersionFirst) => ({ change, isVersionFirst, what: change[0] }))),
  )(
    'are never half of a change: $what, version first: $isVersionFirst',
    async ({ change: [, before, subject, policy], isVersionFirst }) => {
      for (const seenAfter of [0, 1, 2, 3]) {
        const table = new TornTable();
        const store = new DynamoDbPolicyStore(table.client, 'policies');
        if (before.version > 0) {
          // The digest of what was there before is that of a change which made it.
          const [last] = before.policies.slice(-1) as [Policy];
          await store.change({ version: 0, policies: before.policies.slice(0, -1) }, last.subject, last);
          await store.version();
          table.policies = before.policies.map(({ subject: sk, ...rest }) => ({ pk: 'POLICY', sk, ...rest }));
          expect(await store.read()).toEqual(before);
        }
        table.isVersionFirst = isVersionFirst;
        table.seenAfter = seenAfter;
        await store.change(before, subject, policy);

        const { version, policies } = await store.read();
        const others = before.policies.filter((other) => other.subject !== subject);
        const after = policy ? [...others, policy] : others;
        expect([before.version, before.version + 1]).toContain(version);
        expect(policies).toEqual(version === before.version ? before.policies : after);
      }
    },
  );

  it('are given up where they never fit', async () => {
    const table = new TornTable();
    const store = new DynamoDbPolicyStore(table.client, 'policies');
    table.seenAfter = Number.POSITIVE_INFINITY;
    await store.change(NO_POLICIES, 'group:a', aPolicy('group:a', 1));

    await expect(store.read()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(table.reads).toBeLessThan(20);
  });
});
