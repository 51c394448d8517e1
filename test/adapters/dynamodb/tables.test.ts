import { describe, expect, it } from '@jest/globals';
import { taskTableDefinitions } from '../../../src/adapters/dynamodb/task-tables.ts';
import { voteTableDefinitions } from '../../../src/adapters/dynamodb/vote-tables.ts';
import { readTemplate } from '../../deploy/templates.ts';

const definitions = [
  ...voteTableDefinitions({ votes: 'VotesTable', tallies: 'TalliesTable', leases: 'LeasesTable' }),
  ...taskTableDefinitions({ tasks: 'TasksTable', queues: 'QueuesTable' }),
];

describe.each(['template.yaml', 'deploy/fargate.yaml'])('the tables of %s', (path) => {
  it('let go of what has had its time by the same attribute as those that the service makes itself', () => {
    const { Resources } = readTemplate(path);
    const made = definitions.filter(({ TableName = '' }) => TableName in Resources);

    expect(made.length).toBeGreaterThanOrEqual(4);
    for (const { TableName = '', ttlAttribute } of made) {
      const ttl = ttlAttribute && { AttributeName: ttlAttribute, Enabled: true };
      expect({ TableName, ttl: Resources[TableName]?.Properties.TimeToLiveSpecification }).toEqual({ TableName, ttl });
    }
  });
});
