import { type DynamoDBDocumentClient, UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Clock } from '../../ports/system.ts';
import type { FleetLease } from '../../ports/tasks.ts';
import { passIfRefused, throwStoreError } from './errors.ts';

const KEY = { pk: 'PROCESSOR', sk: 'LEASE' };

export class DynamoDbFleetLease implements FleetLease {
  /** @param owner tells this holder from the others */
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly owner: string,
    private readonly clock: Clock,
  ) {}

  acquire(ms: number): Promise<boolean> {
    const now = this.clock.now();
    return this.update(holdLease(this.table, this.owner, now, now + ms));
  }

  async release(): Promise<void> {
    const now = this.clock.now();
    await this.update(releaseLease(this.table, this.owner, now));
  }

  private async update(update: UpdateCommandInput): Promise<boolean> {
    const command = new UpdateCommand(update);
    return (await this.client.send(command).catch(passIfRefused).catch(throwStoreError)) !== undefined;
  }
}

/**
 * Takes the lease or renews it.
 *
 *     A:  hold until 30 s ─ dies
 *     B:       hold ─ refused          30 s: hold if expired ─ held until 60 s
 */
function holdLease(table: string, owner: string, now: number, until: number): UpdateCommandInput {
  const isNew = 'attribute_not_exists(pk)';
  const isOver = '#until <= :now';
  const isOurs = '#owner = :me';
  return {
    TableName: table,
    Key: KEY,
    UpdateExpression: 'SET #owner = :me, #until = :until',
    ConditionExpression: `${isNew} OR ${isOver} OR ${isOurs}`,
    ExpressionAttributeNames: { '#owner': 'owner', '#until': 'until' },
    ExpressionAttributeValues: { ':me': owner, ':now': now, ':until': until },
  };
}

function releaseLease(table: string, owner: string, now: number): UpdateCommandInput {
  const isOurs = '#owner = :me';
  return {
    TableName: table,
    Key: KEY,
    UpdateExpression: 'SET #until = :now',
    ConditionExpression: isOurs,
    ExpressionAttributeNames: { '#owner': 'owner', '#until': 'until' },
    ExpressionAttributeValues: { ':me': owner, ':now': now },
  };
}
