import { type TableDefinition, tableWithSortKey } from './tables.ts';

export interface TaskTables {
  /** Tasks. Its stream wakes workers. */
  readonly tasks: string;
  /** Queues: their settings and their counts. */
  readonly queues: string;
}

/** The index in which tasks that are not done stand in order. Finished ones leave it, but for those that are listed. */
export const OPEN_INDEX = 'open';

export const taskTableDefinitions = ({ tasks, queues }: TaskTables): readonly TableDefinition[] => [
  {
    TableName: tasks,
    AttributeDefinitions: [
      { AttributeName: 'taskId', AttributeType: 'S' },
      { AttributeName: 'list', AttributeType: 'S' },
      { AttributeName: 'position', AttributeType: 'S' },
    ],
    KeySchema: [{ AttributeName: 'taskId', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: OPEN_INDEX,
        KeySchema: [
          { AttributeName: 'list', KeyType: 'HASH' },
          { AttributeName: 'position', KeyType: 'RANGE' },
        ],
        // What tells whether a task can be claimed, and no more: each change of these costs a write unit.
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['leaseUntil', 'notBefore', 'expiresAt'] },
      },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    ttlAttribute: 'ttl',
  },
  tableWithSortKey(queues),
];
