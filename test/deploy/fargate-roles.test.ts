import { describe, expect, it } from '@jest/globals';
import { permissionsIn } from './least-privilege.ts';
import { readTemplate } from './templates.ts';

/** Statements that a function needs and a container does not, with who acts in its place. */
const OF_LAMBDA_ALONE: Readonly<Record<string, string>> = {
  Log: 'ECS writes the log',
  ReadSecrets: 'ECS reads the secrets',
  FindStream: 'the worker asks the table for its stream',
  PutAsideWhatFails: 'the worker tries again until it succeeds',
  WakeProcessor: 'workers look by themselves',
  GoOn: 'workers do not end',
  BeTheOnlyOne: 'workers share the tasks',
};

/** What containers do and no function: to read streams together, and to recount every poll after a gap in theirs. */
const OF_WORKERS_ALONE = [
  'dynamodb:DescribeTable on VotesTable.Arn',
  'dynamodb:DescribeTable on TasksTable.Arn',
  ...['DeleteItem', 'PutItem', 'Query', 'UpdateItem'].flatMap((action) => [
    `dynamodb:${action} on LeasesTable.Arn`,
    `dynamodb:${action} on QueuesTable.Arn for arn:*`,
  ]),
  'dynamodb:Query on TalliesTable.Arn for POLLS',
  'dynamodb:BatchGetItem on TalliesTable.Arn for POLL#*',
];

/** What a container does that holds connections of clients itself. */
const OF_SOCKETS = ['DeleteItem', 'GetItem'].map((action) => `dynamodb:${action} on FlagsTable.Arn for TICKET#*`);

/** All that roles of a template allow, but for some statements. */
function allowed(template: string, roles: readonly string[], without: Readonly<Record<string, string>> = {}): string[] {
  const { Resources } = readTemplate(template);
  const permissions = roles.flatMap((name) =>
    (Resources[name]?.Properties.Policies ?? []).flatMap(({ PolicyDocument }) =>
      PolicyDocument ? permissionsIn(name, PolicyDocument) : [],
    ),
  );
  const kept = permissions.filter(({ statement }) => !Object.hasOwn(without, statement));
  return kept.map(
    ({ action, resource, leadingKey }) => `${action} on ${resource}${leadingKey ? ` for ${leadingKey}` : ''}`,
  );
}

const distinct = (permissions: readonly string[]): string[] => [...new Set(permissions)].sort();

describe('the roles on Fargate allow what those on Lambda do, where calls are compared with them:', () => {
  it('that of the API', () => {
    const functions = allowed('template.yaml', ['ApiRole'], OF_LAMBDA_ALONE);

    expect(functions.length).toBeGreaterThan(20);
    expect(distinct(allowed('deploy/fargate.yaml', ['ApiRole']))).toEqual(distinct([...functions, ...OF_SOCKETS]));
  });

  it('that of the workers', () => {
    const roles = [
      'VotesStreamRole',
      'VotesReactRole',
      'VotesSweepRole',
      'TasksStreamRole',
      'TasksProcessorRole',
      'TasksSweepRole',
    ];
    const functions = allowed('template.yaml', roles, OF_LAMBDA_ALONE);

    expect(functions.length).toBeGreaterThan(20);
    expect(distinct(allowed('deploy/fargate.yaml', ['WorkerRole']))).toEqual(
      distinct([...functions, ...OF_WORKERS_ALONE]),
    );
  });
});

describe('ECS may read', () => {
  const { Resources } = readTemplate('deploy/fargate.yaml');
  /** Names of secrets, of parameters too, wherever in conditions they stand. */
  const secretsIn = (part: unknown): string[] =>
    [...JSON.stringify(part).matchAll(/"(\w+Secret(?:Arn)?)"/g)].map(([, name]) => String(name));

  it('every secret that a container is given, and no other', () => {
    const given = ['ApiTask', 'WorkerTask'].flatMap((task) =>
      (Resources[task]?.Properties.ContainerDefinitions ?? []).flatMap(({ Secrets }) => secretsIn(Secrets ?? [])),
    );
    const readable = (Resources.ExecutionRole?.Properties.Policies ?? []).flatMap(({ PolicyDocument }) =>
      (PolicyDocument?.Statement ?? []).filter(({ Sid }) => Sid === 'ReadSecrets').flatMap(secretsIn),
    );

    expect(readable).toContain('MetricsKeySecretArn');
    expect(distinct(readable)).toEqual(distinct(given));
  });

  it('the key of the figures for both kinds of containers, since both serve them', () => {
    for (const task of ['ApiTask', 'WorkerTask'])
      expect(JSON.stringify(Resources[task]?.Properties.ContainerDefinitions)).toContain('"METRICS_KEY"');
  });
});
