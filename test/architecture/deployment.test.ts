import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { tableWithSortKey } from '../../src/adapters/dynamodb/tables.ts';
import type { Context } from '../../src/entrypoints/composition/context.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { table } from '../../src/entrypoints/config/settings.ts';
import { readFromProject } from '../helpers/project.ts';
import { breachesOf, composeBreaches, type LeftOut, type Template } from './deployment-law.ts';

const read = (path: string) => parse(readFromProject(path), { logLevel: 'error', merge: true });

/** Settings that neither template gives to anything. */
const NOWHERE = {
  AWS_ENDPOINT_URL_DYNAMODB: 'there is no emulator',
  SLACK_API_URL: 'Slack has one address',
  TABLE_PREFIX: 'each table has a variable of its own',
  DATA_DIR: 'the data is in DynamoDB',
};

/** The templates, and what each does without. */
const deployments: Readonly<Record<string, LeftOut>> = {
  'template.yaml': {
    tables: { LEASES_TABLE: 'Lambda shares the stream out' },
    settings: {
      ...NOWHERE,
      HOST: 'a function does not listen',
      PORT: 'a function does not listen',
      AWS_REGION: 'Lambda sets it',
      AWS_ENDPOINT_URL_DYNAMODB_STREAMS: 'Lambda reads the streams',
      STORAGE: 'functions have it fixed',
      ROLE: 'functions have it fixed',
      METRICS_KEY: 'there is no /metrics on Lambda',
      SWEEP_SECONDS: 'a schedule sweeps',
      STOP_SECONDS: 'Lambda ends functions',
      DRAIN_SECONDS: 'a function does not listen',
    },
    permissions: { 'VotesReactRole TALLIES_TABLE': 'what follows from a vote is in its record' },
  },
  'deploy/fargate.yaml': {
    tables: {},
    settings: {
      ...NOWHERE,
      HOST: 'the image sets it',
      PORT: 'the load balancer calls the default',
      SWEEP_SECONDS: 'it must be the same everywhere, and the default suits',
      WAKE_UPS_TOPIC_ARN: 'workers look by themselves',
      SOCKET_CONNECTIONS_URL: 'containers hold connections themselves',
    },
    permissions: {
      'ApiRole LEASES_TABLE': 'workers read the streams',
      'WorkerRole STOCKS_TABLE': 'stocks have no work but requests',
      'WorkerRole POLICIES_TABLE': 'policies judge requests alone',
      'WorkerRole LIMITS_TABLE': 'limits have no work but requests',
      'WorkerRole FLAGS_TABLE': 'flags have no work but requests',
      'stream of FLAGS_TABLE': 'processes that hold connections look at the revision',
    },
  },
};
const PATHS = Object.keys(deployments);

/** The breaches in a copy of a template that come with a fault. */
function planted(path: string, fault: (template: Template) => void, declared = contexts): readonly string[] {
  const breaches = (template: Template, of = contexts) => breachesOf(path, template, of, deployments[path] as LeftOut);
  const template: Template = read(path);
  const before = breaches(template);
  fault(template);
  return breaches(template, declared).filter((breach) => !before.includes(breach));
}

/** Of a resource of a template, to be changed. */
function properties({ Resources }: Template, name: string) {
  const resource = Resources[name];
  if (!resource) throw new Error(`there is no ${name}`);
  return resource.Properties;
}

/** The first statement of a role on a resource, to be changed. */
function firstStatementOn(template: Template, role: string, resource: string) {
  const statements = properties(template, role).Policies?.flatMap(({ PolicyDocument }) => PolicyDocument?.Statement);
  const statement = statements?.find((candidate) => candidate?.Resource === resource);
  if (!statement) throw new Error(`${role} has no statement on ${resource}`);
  return statement;
}

/** What a new context brings along whose author has not thought of the templates. */
const toggles = {
  ...contexts[0],
  name: 'toggles',
  settings: { TOGGLES_TABLE: table('toggles', 'toggles') },
  tables: ({ TOGGLES_TABLE = 'toggles' }: { TOGGLES_TABLE?: string }) => [tableWithSortKey(TOGGLES_TABLE)],
} as unknown as Context;

describe('what the contexts declare is deployed, and nothing else, by', () => {
  it.each(Object.entries(deployments))('%s', (path, leftOut) => {
    expect(breachesOf(path, read(path), contexts, leftOut)).toEqual([]);
  });

  it('compose.yaml, whose tables are made by the program itself', () => {
    expect(composeBreaches('compose.yaml', read('compose.yaml').services, contexts)).toEqual([]);
  });
});

describe('a new context is missed in', () => {
  it.each([
    ['template.yaml', ['ApiFunction'], ['ApiRole']],
    ['deploy/fargate.yaml', ['ApiTask', 'WorkerTask'], ['ApiRole', 'WorkerRole']],
  ])('%s: table, environment, permissions', (path, units, roles) => {
    const breaches = planted(path, () => undefined, [...contexts, toggles]);

    expect(breaches).toEqual([
      `${path}: the table TogglesTable of the context toggles is missing: add it as an AWS::DynamoDB::Table`,
      ...units.map(
        (unit) => `${path}: ${unit} is not told TOGGLES_TABLE: add it to its environment as !Ref TogglesTable`,
      ),
      `${path}: nothing is given TOGGLES_TABLE: add a parameter and a variable for it, or the reason why there is none to the test`,
      ...roles.map(
        (role) =>
          `${path}: ${role} allows nothing on TogglesTable of the context toggles: add a statement with what is called there`,
      ),
    ]);
  });

  it('any template where no setting can name its table', () => {
    const fixed = { ...toggles, tables: () => [tableWithSortKey('toggles')] } as unknown as Context;

    expect(planted('template.yaml', () => undefined, [...contexts, fixed])).toContain(
      'template.yaml: the table toggles of the context toggles has no setting for its name: declare one, <NAME>_TABLE',
    );
  });
});

/** Each fault with what is found of it, in both templates. */
const faults: readonly (readonly [what: string, fault: (template: Template) => void, found: string])[] = [
  [
    'a table less',
    (template) => {
      delete template.Resources.StocksTable;
    },
    'the table StocksTable of the context stocks is missing',
  ],
  [
    'a table more',
    (template) => {
      template.Resources.OldTable = { Type: 'AWS::DynamoDB::Table', Properties: {} };
    },
    'no context declares the table OldTable',
  ],
  [
    'another key',
    (template) => {
      properties(template, 'StocksTable').KeySchema = [{ AttributeName: 'id', KeyType: 'HASH' }];
    },
    'StocksTable has the key schema [{"AttributeName":"id"',
  ],
  [
    'another type of a key',
    (template) => {
      properties(template, 'StocksTable').AttributeDefinitions = [{ AttributeName: 'stockId', AttributeType: 'N' }];
    },
    'StocksTable has the attribute definitions',
  ],
  [
    'an index less',
    (template) => {
      delete properties(template, 'TasksTable').GlobalSecondaryIndexes;
    },
    'TasksTable has the global indexes []',
  ],
  [
    'an index more',
    (template) => {
      properties(template, 'StocksTable').LocalSecondaryIndexes = [{ IndexName: 'byName' }];
    },
    'StocksTable has the local indexes [{"IndexName":"byName"}]',
  ],
  [
    'no stream',
    (template) => {
      delete properties(template, 'VotesTable').StreamSpecification;
    },
    'VotesTable has the stream view type none, and the context votes declares "NEW_IMAGE"',
  ],
  [
    'another view of a stream',
    (template) => {
      properties(template, 'TasksTable').StreamSpecification = { StreamViewType: 'KEYS_ONLY' };
    },
    'TasksTable has the stream view type "KEYS_ONLY"',
  ],
  [
    'a time to live that is switched off',
    (template) => {
      properties(template, 'VotesTable').TimeToLiveSpecification = { AttributeName: 'ttl', Enabled: false };
    },
    'VotesTable has the time-to-live attribute none',
  ],
  [
    'a statement on a table that is not there',
    (template) => {
      firstStatementOn(template, 'ApiRole', 'StocksTable.Arn').Resource = 'StockTable.Arn';
    },
    'of ApiRole names the table StockTable, which is not there',
  ],
  [
    'no statement on a table',
    (template) => {
      firstStatementOn(template, 'ApiRole', 'StocksTable.Arn').Resource = 'TasksTable.Arn';
    },
    'ApiRole allows nothing on StocksTable of the context stocks',
  ],
  [
    'a statement on an index that is not there',
    (template) => {
      firstStatementOn(template, 'ApiRole', '$' + '{TasksTable.Arn}/index/open').Resource =
        '$' + '{TasksTable.Arn}/index/done';
    },
    'of ApiRole names index/done of TasksTable, which has none',
  ],
  [
    'a statement on a stream that is not there',
    (template) => {
      firstStatementOn(template, 'ApiRole', 'StocksTable.Arn').Resource = 'StocksTable.StreamArn';
    },
    'of ApiRole names stream of StocksTable, which has none',
  ],
];

describe.each(PATHS)('in %s is found', (path) => {
  it.each(faults)('%s', (_, fault, found) => {
    expect(planted(path, fault)).toContainEqual(expect.stringContaining(`${path}: `));
    expect(planted(path, fault)).toContainEqual(expect.stringContaining(found));
  });
});

describe('in template.yaml is found', () => {
  const globals = ({ Globals }: Template) => Globals?.Function.Environment.Variables ?? {};

  it('a function that is not told a table', () => {
    expect(planted('template.yaml', (template) => delete globals(template).QUEUES_TABLE)).toContain(
      'template.yaml: TasksSweepFunction is not told QUEUES_TABLE: add it to its environment as !Ref QueuesTable',
    );
  });

  it('a function that is told another table', () => {
    const fault = (template: Template) => {
      globals(template).VOTES_TABLE = 'TalliesTable';
    };

    expect(planted('template.yaml', fault)).toContain(
      'template.yaml: ApiFunction has "TalliesTable" as VOTES_TABLE: make it !Ref VotesTable',
    );
  });

  it('a variable that is no setting', () => {
    const fault = (template: Template) => Object.assign(globals(template), { CORS_ORIGIN: '', NODE_OPTIONS: '' });

    expect(planted('template.yaml', fault)).toContain(
      'template.yaml: ApiFunction is given CORS_ORIGIN, which is no setting: correct its name, or delete it',
    );
    expect(planted('template.yaml', fault).join()).not.toContain('NODE_OPTIONS');
  });

  it('a setting that nothing is given', () => {
    const fault = (template: Template) =>
      delete properties(template, 'ApiFunction').Environment?.Variables.PUBLIC_BASE_URL;

    expect(planted('template.yaml', fault)).toEqual([
      expect.stringContaining('template.yaml: nothing is given PUBLIC_BASE_URL: add a parameter'),
    ]);
  });

  it('an index or a stream that no role reaches', () => {
    const fault = (template: Template) => {
      for (const { Type, Properties } of Object.values(template.Resources))
        for (const statement of Type === 'AWS::IAM::Role'
          ? (Properties.Policies ?? []).flatMap(({ PolicyDocument }) => PolicyDocument?.Statement ?? [])
          : [])
          if (/TasksTable/.test(String(statement.Resource))) statement.Resource = 'TasksTable.Arn';
    };

    expect(planted('template.yaml', fault)).toEqual([
      expect.stringContaining('no role reaches index/open of TasksTable'),
      expect.stringContaining('no role reaches stream of TasksTable'),
    ]);
  });

  it('what is said to be left out and is there', () => {
    const fault = (template: Template) => {
      template.Resources.LeasesTable = { Type: 'AWS::DynamoDB::Table', Properties: {} };
      globals(template).PORT = '8080';
    };

    expect(planted('template.yaml', fault)).toEqual([
      expect.stringContaining('the table LeasesTable is there and is said to be left out'),
      expect.stringContaining('PORT is given and is said to be left out'),
    ]);
  });
});

describe('in deploy/fargate.yaml is found', () => {
  const PATH = 'deploy/fargate.yaml';

  it('a container that is not told a table', () => {
    const fault = (template: Template) => {
      const [container] = properties(template, 'WorkerTask').ContainerDefinitions ?? [];
      if (container)
        container.Environment = container.Environment?.filter((entry) => !/LEASES/.test(JSON.stringify(entry))) ?? [];
    };

    expect(planted(PATH, fault)).toEqual([
      `${PATH}: WorkerTask is not told LEASES_TABLE: add it to its environment as !Ref LeasesTable`,
    ]);
  });

  it('a conditional secret that is no setting', () => {
    const fault = (template: Template) => {
      const entry = ['GuardsMetrics', { Name: 'METRIC_KEY', ValueFrom: 'MetricsKeySecretArn' }, 'AWS::NoValue'];
      properties(template, 'ApiTask').ContainerDefinitions?.[0]?.Secrets?.push(entry);
    };

    expect(planted(PATH, fault)).toEqual([
      `${PATH}: ApiTask is given METRIC_KEY, which is no setting: correct its name, or delete it`,
    ]);
  });

  it('a role that reaches what it is said not to use', () => {
    const fault = (template: Template) => {
      firstStatementOn(template, 'WorkerRole', 'LeasesTable.Arn').Resource = ['LeasesTable.Arn', 'StocksTable.Arn'];
    };

    expect(planted(PATH, fault)).toEqual([
      expect.stringContaining('WorkerRole reaches StocksTable and is said not to use it'),
    ]);
  });
});

it('finds a variable of compose.yaml that is no setting', () => {
  const services = { one: { environment: { STORAGE: 'dynamodb', AWS_ACCESS_KEY_ID: 'local', REDIS: 'redis' } } };

  expect(composeBreaches('compose.yaml', services, contexts)).toEqual([
    'compose.yaml: one is given REDIS, which is no setting: correct its name, or delete it',
  ]);
});
