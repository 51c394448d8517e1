import { isDeepStrictEqual } from 'node:util';
import type { Context } from '../../src/entrypoints/composition/context.ts';
import { coreSettings } from '../../src/entrypoints/config/core.ts';
import { readConfig } from '../../src/entrypoints/config/read-config.ts';

/** What the law reads of a template: YAML as it stands there, so that `!GetAtt VotesTable.Arn` is the text `VotesTable.Arn`. */
export interface Template {
  readonly Globals?: { readonly Function: { readonly Environment: { readonly Variables: Variables } } };
  readonly Resources: Record<string, { readonly Type: string; Properties: Properties }>;
}

type Variables = Record<string, unknown>;

interface Variable {
  readonly Name: string;
  readonly Value?: unknown;
  readonly ValueFrom?: unknown;
}

interface Properties {
  /** Of a table. */
  AttributeDefinitions?: readonly object[];
  KeySchema?: readonly object[];
  GlobalSecondaryIndexes?: readonly Index[];
  LocalSecondaryIndexes?: readonly Index[];
  StreamSpecification?: { readonly StreamViewType?: string };
  TimeToLiveSpecification?: { readonly AttributeName?: string; readonly Enabled?: boolean };
  /** Of a function. */
  Handler?: string;
  Role?: string;
  Environment?: { readonly Variables: Variables };
  /** Of a task definition. What is conditional stands in a list: condition, one, other. */
  TaskRoleArn?: string;
  ContainerDefinitions?: { Environment?: unknown[]; Secrets?: unknown[] }[];
  /** Of a role. A policy that is conditional has no document in this place. */
  Policies?: { readonly PolicyDocument?: { Statement: Statement[] } }[];
}

interface Index {
  readonly IndexName?: string;
  /** What an index bears, which is for those to say who deploy it. */
  readonly WarmThroughput?: unknown;
  readonly OnDemandThroughput?: unknown;
}

interface Statement {
  readonly Sid: string;
  readonly Action: string | readonly string[];
  Resource: string | readonly string[];
}

/** What a template does without, each with the reason. What it has all the same is a breach, too. */
export interface LeftOut {
  /** Tables, by the settings that name them. */
  readonly tables: Readonly<Record<string, string>>;
  /** Settings that are given to nothing. */
  readonly settings: Readonly<Record<string, string>>;
  /** Tables that a role does not use: `<role> <setting>`; parts of tables that none uses: `<part> of <setting>`. */
  readonly permissions: Readonly<Record<string, string>>;
}

/** A table that a context declares. */
interface DeclaredTable {
  readonly context: string;
  /** The setting with its name; undefined if no setting changes that. */
  readonly setting: string | undefined;
  readonly name: string;
  readonly properties: TableProperties;
}

/** What must be the same in a template. */
interface TableProperties {
  readonly 'key schema': unknown;
  readonly 'attribute definitions': unknown;
  readonly 'global indexes': readonly Index[];
  readonly 'local indexes': readonly Index[];
  readonly 'stream view type': string | undefined;
  readonly 'time-to-live attribute': string | undefined;
}

/** A function or a container. */
interface Unit {
  readonly name: string;
  readonly role: string;
  readonly variables: readonly (readonly [name: string, value: unknown])[];
  readonly serves: (context: string) => boolean;
}

/** A table, or a part of one, that a statement names. */
interface Grant {
  readonly role: string;
  readonly statement: string;
  readonly table: string;
  readonly part: string;
}

/** Variables that Node and the SDK read by themselves. */
const RUNTIMES_OWN = /^(AWS_[A-Z_]+|NODE_OPTIONS|NODE_ENV|TZ)$/;

/**
 * The tables of contexts. Which setting names a table is found out by giving each setting its own name as its value.
 */
function declaredTables(contexts: readonly Context[]): DeclaredTable[] {
  return contexts.flatMap(({ name: context, settings, tables }) => {
    const names = Object.keys(settings).filter((setting) => setting.endsWith('_TABLE'));
    const config = readConfig(Object.fromEntries(names.map((name) => [name, name])), contexts);
    return tables(config as never).map((table) => ({
      context,
      setting: names.find((name) => name === table.TableName),
      name: String(table.TableName),
      properties: {
        'key schema': table.KeySchema,
        'attribute definitions': table.AttributeDefinitions,
        'global indexes': table.GlobalSecondaryIndexes ?? [],
        'local indexes': table.LocalSecondaryIndexes ?? [],
        'stream view type': table.StreamSpecification?.StreamViewType,
        'time-to-live attribute': table.ttlAttribute,
      },
    }));
  });
}

const deployedTable = (properties: Properties): TableProperties => ({
  'key schema': properties.KeySchema,
  'attribute definitions': properties.AttributeDefinitions,
  'global indexes': (properties.GlobalSecondaryIndexes ?? []).map(
    ({ WarmThroughput: _, OnDemandThroughput: __, ...index }) => index,
  ),
  'local indexes': properties.LocalSecondaryIndexes ?? [],
  'stream view type': properties.StreamSpecification?.StreamViewType,
  'time-to-live attribute': properties.TimeToLiveSpecification?.Enabled
    ? properties.TimeToLiveSpecification.AttributeName
    : undefined,
});

/** `VOTES_TABLE` names the resource `VotesTable`. */
const resourceOf = (setting: string): string =>
  setting.replace(/([A-Z0-9])([A-Z0-9]*)_?/g, (_, first, rest) => first + rest.toLowerCase());

const settingsOf = (contexts: readonly Context[]): string[] =>
  [coreSettings, ...contexts.map(({ settings }) => settings)].flatMap(Object.keys);

/** A function beside the API serves the context with which the name of its handler begins; everything else serves all. */
function unitsOf({ Globals, Resources }: Template, contexts: readonly Context[]): Unit[] {
  return Object.entries(Resources).flatMap(([name, { Type, Properties }]): Unit[] => {
    if (Type === 'AWS::ECS::TaskDefinition') {
      const entries = (Properties.ContainerDefinitions ?? []).flatMap(({ Environment = [], Secrets = [] }) =>
        [...Environment, ...Secrets].flat().filter((entry): entry is Variable => typeof entry === 'object'),
      );
      const variables = entries.map(({ Name, Value, ValueFrom }) => [Name, Value ?? ValueFrom] as const);
      return [{ name, role: roleIn(Properties.TaskRoleArn), variables, serves: () => true }];
    }
    if (Type !== 'AWS::Serverless::Function') return [];
    const own = contexts.find((context) => Properties.Handler?.startsWith(`${context.name}-`));
    const variables = { ...Globals?.Function.Environment.Variables, ...Properties.Environment?.Variables };
    return [
      {
        name,
        role: roleIn(Properties.Role),
        variables: Object.entries(variables),
        serves: (context) => own === undefined || own.name === context,
      },
    ];
  });
}

const roleIn = (arn = ''): string => arn.replace(/\.Arn$/, '');

/** What roles may do something to in DynamoDB. */
function grantsIn({ Resources }: Template): Grant[] {
  return Object.entries(Resources).flatMap(([role, { Type, Properties }]) => {
    if (Type !== 'AWS::IAM::Role') return [];
    const statements = (Properties.Policies ?? []).flatMap(({ PolicyDocument }) => PolicyDocument?.Statement ?? []);
    return statements
      .filter(({ Action }) => [Action].flat().some((action) => action.startsWith('dynamodb:')))
      .flatMap(({ Sid, Resource }) =>
        [Resource].flat().map((resource) => {
          const [, table = resource, part = ''] =
            /^(?:\$\{)?(\w+)\.(?:(?=StreamArn$)|Arn\}?\/?)(.*)$/.exec(resource) ?? [];
          return { role, statement: Sid, table, part: /^(StreamArn|stream\/.*)$/.test(part) ? 'stream' : part };
        }),
      );
  });
}

/**
 * Holds a template against what the contexts declare.
 *
 * @param path of the template, for the sentences
 * @returns a sentence for each breach, which says what to do
 */
export function breachesOf(
  path: string,
  template: Template,
  contexts: readonly Context[],
  leftOut: LeftOut,
): readonly string[] {
  const declared = declaredTables(contexts);
  const nameless = declared.flatMap(({ setting, context, name }) =>
    setting === undefined
      ? [`the table ${name} of the context ${context} has no setting for its name: declare one, <NAME>_TABLE`]
      : [],
  );
  const tables = declared.flatMap(({ setting, ...table }) =>
    setting === undefined || Object.hasOwn(leftOut.tables, setting)
      ? []
      : [{ ...table, setting, resource: resourceOf(setting) }],
  );
  const units = unitsOf(template, contexts);
  const sentences = [
    ...nameless,
    ...tableBreaches(template, tables, leftOut),
    ...environmentBreaches(units, tables, grantsIn(template)),
    ...settingBreaches(units, settingsOf(contexts), leftOut),
    ...units.flatMap(({ name, variables }) =>
      strangers(
        name,
        variables.map(([variable]) => variable),
        contexts,
      ),
    ),
    ...permissionBreaches(template, units, tables, leftOut),
  ];
  return sentences.map((sentence) => `${path}: ${sentence}`);
}

/**
 * Holds the variables of a composition of containers against the settings there are.
 *
 * @returns a sentence for each variable that nothing reads
 */
export function composeBreaches(
  path: string,
  services: Readonly<Record<string, { readonly environment?: object }>>,
  contexts: readonly Context[],
): readonly string[] {
  return Object.entries(services).flatMap(([name, { environment = {} }]) =>
    strangers(name, Object.keys(environment), contexts).map((sentence) => `${path}: ${sentence}`),
  );
}

type NamedTable = DeclaredTable & { readonly setting: string; readonly resource: string };

function tableBreaches({ Resources }: Template, tables: readonly NamedTable[], leftOut: LeftOut): string[] {
  const deployed = Object.entries(Resources).filter(([, { Type }]) => Type === 'AWS::DynamoDB::Table');
  const isLeftOut = (resource: string) => Object.keys(leftOut.tables).some((name) => resourceOf(name) === resource);
  return [
    ...tables.flatMap(({ resource, context, properties }) => {
      const table = deployed.find(([name]) => name === resource)?.[1];
      if (!table)
        return [`the table ${resource} of the context ${context} is missing: add it as an AWS::DynamoDB::Table`];
      const actual = deployedTable(table.Properties);
      return (Object.keys(properties) as (keyof TableProperties)[])
        .filter((aspect) => !isDeepStrictEqual(actual[aspect], properties[aspect]))
        .map(
          (aspect) =>
            `${resource} has the ${aspect} ${asText(actual[aspect])}, and the context ${context} declares ` +
            `${asText(properties[aspect])}: change the one that is wrong`,
        );
    }),
    ...deployed.flatMap(([name]) => {
      if (tables.some(({ resource }) => resource === name)) return [];
      return isLeftOut(name)
        ? [`the table ${name} is there and is said to be left out: delete it, or the reason in the test`]
        : [`no context declares the table ${name}: delete it, or declare it in the tables of its context`];
    }),
  ];
}

const asText = (value: unknown): string => (value === undefined ? 'none' : JSON.stringify(value));

/** A unit is told the name of each table of the contexts that it serves, and of each that its role reaches. */
function environmentBreaches(units: readonly Unit[], tables: readonly NamedTable[], grants: readonly Grant[]) {
  return units.flatMap(({ name, role, variables, serves }) =>
    tables.flatMap(({ context, setting, resource }) => {
      const isReached = grants.some((grant) => grant.role === role && grant.table === resource);
      const given = variables.filter(([variable]) => variable === setting).map(([, value]) => value);
      if (given.length === 0)
        return serves(context) || isReached
          ? [`${name} is not told ${setting}: add it to its environment as !Ref ${resource}`]
          : [];
      return given
        .filter((value) => value !== resource)
        .map((value) => `${name} has ${asText(value)} as ${setting}: make it !Ref ${resource}`);
    }),
  );
}

function settingBreaches(units: readonly Unit[], settings: readonly string[], leftOut: LeftOut): string[] {
  const given = new Set(
    units.flatMap(({ variables }) => variables.map(([variable]) => variable.replace(/_SECRET_ARN$/, ''))),
  );
  const reasons = { ...leftOut.settings, ...leftOut.tables };
  return [
    ...settings
      .filter((setting) => !given.has(setting) && !Object.hasOwn(reasons, setting))
      .map(
        (setting) =>
          `nothing is given ${setting}: add a parameter and a variable for it, or the reason why there is none to the test`,
      ),
    ...Object.keys(reasons)
      .filter((setting) => given.has(setting) || !settings.includes(setting))
      .map((setting) =>
        given.has(setting)
          ? `${setting} is given and is said to be left out: delete the variable, or the reason in the test`
          : `${setting} is said to be left out and is no setting: delete the reason in the test`,
      ),
  ];
}

/** Variables that nothing reads. */
function strangers(unit: string, variables: readonly string[], contexts: readonly Context[]): string[] {
  const settings = settingsOf(contexts);
  return [...new Set(variables)]
    .filter((name) => !settings.includes(name.replace(/_SECRET_ARN$/, '')) && !RUNTIMES_OWN.test(name))
    .map((name) => `${unit} is given ${name}, which is no setting: correct its name, or delete it`);
}

function permissionBreaches(
  template: Template,
  units: readonly Unit[],
  tables: readonly NamedTable[],
  leftOut: LeftOut,
): string[] {
  const grants = grantsIn(template);
  const parts = ({ properties }: Pick<DeclaredTable, 'properties'>): string[] => [
    ...[...properties['global indexes'], ...properties['local indexes']].map(({ IndexName }) => `index/${IndexName}`),
    ...(properties['stream view type'] === undefined ? [] : ['stream']),
  ];
  const allows = (role: string, resource: string) =>
    grants.some((grant) => grant.role === role && grant.table === resource);
  const deployed = (name: string): Pick<DeclaredTable, 'properties'> | undefined => {
    const { Type, Properties } = template.Resources[name] ?? {};
    return Type === 'AWS::DynamoDB::Table' && Properties ? { properties: deployedTable(Properties) } : undefined;
  };
  return [
    ...units.flatMap(({ role, serves }) =>
      tables.flatMap(({ context, setting, resource }) => {
        const isExcused = Object.hasOwn(leftOut.permissions, `${role} ${setting}`);
        if (allows(role, resource))
          return isExcused
            ? [`${role} reaches ${resource} and is said not to use it: delete its statement, or the reason in the test`]
            : [];
        return serves(context) && !isExcused
          ? [
              `${role} allows nothing on ${resource} of the context ${context}: add a statement with what is called there`,
            ]
          : [];
      }),
    ),
    ...tables.flatMap((table) =>
      parts(table)
        .filter((part) => !grants.some((grant) => grant.table === table.resource && grant.part === part))
        .filter((part) => !Object.hasOwn(leftOut.permissions, `${part} of ${table.setting}`))
        .map((part) => `no role reaches ${part} of ${table.resource}: add a statement to the role that reads it`),
    ),
    ...grants.flatMap(({ role, statement, table, part }) => {
      const found = deployed(table);
      if (!found) return [`${statement} of ${role} names the table ${table}, which is not there: correct or delete it`];
      return part === '' || parts(found).includes(part)
        ? []
        : [`${statement} of ${role} names ${part} of ${table}, which has none: correct or delete it`];
    }),
  ];
}
