// Puts tables back to a moment of the last 35 days, and in the place of those that a stack has:
//   node scripts/restore-tables.mjs <stack> <moment> <table>…
//   node scripts/restore-tables.mjs portside 2026-11-30T12:00:00Z VotesTable TalliesTable
// Tables are named as in the template. Functions of the stack are stopped meanwhile; containers have to be stopped before.
// Calls the AWS CLI, with its credentials and region. Templates go by the bucket that SAM has made, or RESTORE_BUCKET.
// See docs/operations.md. Ends with 1 when it stops on the way, and says where; the old tables are left in any case.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';

const [stack, moment, ...names] = process.argv.slice(2);
if (names.length === 0) fail('usage: node scripts/restore-tables.mjs <stack> <moment> <table of the template>…');
const folder = mkdtempSync(join(tmpdir(), 'portside-restore-'));

process.on('uncaughtException', (error) => {
  console.error(error.message);
  fail(`It stopped on the way. Functions may stand still; templates and what was there before are in ${folder}`);
});

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** @returns what the AWS CLI answers */
function aws(...args) {
  const stdio = ['ignore', 'pipe', 'inherit'];
  const text = execFileSync('aws', [...args, '--output', 'json'], { encoding: 'utf8', stdio, maxBuffer: 1e8 });
  return text.trim() === '' ? undefined : JSON.parse(text);
}

/** For commands that write more than JSON. */
const run = (...args) => execFileSync('aws', args, { stdio: 'inherit' });

function keep(name, value) {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(value, null, 1));
  return path;
}

/** What a template in YAML or JSON says, where `!Ref X` is `{ Ref: X }`. */
function plain(node, document) {
  if (isAlias(node)) return plain(node.resolve(document), document);
  const value = isMap(node)
    ? Object.fromEntries(node.items.map((pair) => [pair.key.value, plain(pair.value, document)]))
    : isSeq(node)
      ? node.items.map((item) => plain(item, document))
      : isScalar(node)
        ? node.value
        : node;
  if (!/^![A-Z]/.test(node?.tag ?? '')) return value;
  const name = node.tag.slice(1);
  if (name === 'GetAtt' && typeof value === 'string') return { 'Fn::GetAtt': value.split(/\.(.*)/, 2) };
  return { [name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`]: value };
}

/** A template without some tables, whose users are told of others instead. */
function without(template, tables) {
  const attribute = (name, of) =>
    of === 'StreamArn'
      ? tables.get(name).stream
      : `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/${tables.get(name).table}`;
  const inText = (text) =>
    text.replace(/\$\{(\w+)(?:\.(\w+))?\}/g, (whole, name, of) =>
      tables.has(name) ? (of ? attribute(name, of) : tables.get(name).table) : whole,
    );
  const replaced = (part) => {
    if (Array.isArray(part)) return part.map(replaced);
    if (part === null || typeof part !== 'object') return part;
    const { Ref, 'Fn::GetAtt': got, 'Fn::Sub': sub } = part;
    if (tables.has(Ref)) return tables.get(Ref).table;
    const [name, of] = typeof got === 'string' ? got.split('.') : (got ?? []);
    if (tables.has(name)) return { 'Fn::Sub': attribute(name, of) };
    if (typeof sub === 'string') return { 'Fn::Sub': inText(sub) };
    if (sub) return { 'Fn::Sub': [inText(sub[0]), replaced(sub[1])] };
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, replaced(value)]));
  };
  const { Resources, ...rest } = template;
  const others = Object.entries(Resources).filter(([name]) => !tables.has(name));
  return replaced({ ...rest, Resources: Object.fromEntries(others) });
}

const { TemplateBody } = aws('cloudformation', 'get-template', '--stack-name', stack, '--template-stage', 'Processed');
const document = parseDocument(typeof TemplateBody === 'string' ? TemplateBody : JSON.stringify(TemplateBody), {
  logLevel: 'error',
});
const template = plain(document.contents, document);
const resources = aws('cloudformation', 'list-stack-resources', '--stack-name', stack).StackResourceSummaries;
const ofType = (type) => resources.filter(({ ResourceType }) => ResourceType === type);
const physical = (name) => resources.find(({ LogicalResourceId }) => LogicalResourceId === name)?.PhysicalResourceId;
for (const name of names)
  if (template.Resources[name]?.Type !== 'AWS::DynamoDB::Table' || !physical(name))
    fail(`The stack ${stack} has no table ${name}`);
const bucket =
  process.env.RESTORE_BUCKET ??
  aws('cloudformation', 'describe-stacks', '--stack-name', 'aws-sam-cli-managed-default').Stacks[0].Outputs.find(
    ({ OutputKey }) => OutputKey === 'SourceBucket',
  ).OutputValue;
for (const { PhysicalResourceId: service } of ofType('AWS::ECS::Service')) {
  const cluster = ofType('AWS::ECS::Cluster')[0].PhysicalResourceId;
  const [{ runningCount }] = aws('ecs', 'describe-services', '--cluster', cluster, '--services', service).services;
  if (runningCount > 0) fail(`${service} still runs ${runningCount} containers: set its count to 0 first`);
}

/** Whoever folds votes between two tables of different moments counts what the restored one does not have. */
const functions = ofType('AWS::Lambda::Function').map(({ PhysicalResourceId }) => PhysicalResourceId);
const reserved = new Map();
console.log(`--- 1 stops ${functions.length} functions`);
for (const name of functions) {
  reserved.set(name, aws('lambda', 'get-function-concurrency', '--function-name', name)?.ReservedConcurrentExecutions);
  aws('lambda', 'put-function-concurrency', '--function-name', name, '--reserved-concurrent-executions', '0');
}
keep('reserved-concurrency.json', Object.fromEntries(reserved));
console.log(`The concurrency that they had, and all templates, are in ${folder}`);

console.log(`--- 2 restores ${names.join(', ')} to ${moment}`);
const suffix = `restored-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`;
const tables = new Map(names.map((name) => [name, { table: `${stack}-${name}-${suffix}` }]));
for (const [name, { table }] of tables)
  aws(
    ...['dynamodb', 'restore-table-to-point-in-time', '--source-table-name', physical(name)],
    ...['--target-table-name', table, '--restore-date-time', moment],
  );
const describe = (table) => aws('dynamodb', 'describe-table', '--table-name', table).Table;
/** Restoring takes from minutes to hours. */
function whenActive(table) {
  for (;;) {
    const found = describe(table);
    if (found.TableStatus === 'ACTIVE') return found;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
  }
}

console.log('--- 3 sets what a restore does not bring');
for (const [name, entry] of tables) {
  const { StreamSpecification: stream, TimeToLiveSpecification: ttl } = template.Resources[name].Properties;
  const table = ['--table-name', entry.table];
  whenActive(entry.table);
  if (stream)
    aws(
      ...['dynamodb', 'update-table', ...table],
      ...['--stream-specification', `StreamEnabled=true,StreamViewType=${stream.StreamViewType}`],
    );
  entry.stream = whenActive(entry.table).LatestStreamArn;
  if (ttl)
    aws(
      ...['dynamodb', 'update-time-to-live', ...table],
      ...['--time-to-live-specification', `Enabled=true,AttributeName=${ttl.AttributeName}`],
    );
  aws(
    ...['dynamodb', 'update-continuous-backups', ...table],
    ...['--point-in-time-recovery-specification', 'PointInTimeRecoveryEnabled=true'],
  );
  if (describe(physical(name)).DeletionProtectionEnabled)
    aws('dynamodb', 'update-table', ...table, '--deletion-protection-enabled');
}

const deploy = (name, from) =>
  run(
    ...['cloudformation', 'deploy', '--stack-name', stack, '--template-file', keep(name, from)],
    ...[
      '--s3-bucket',
      bucket,
      '--s3-prefix',
      `${stack}-restore`,
      '--capabilities',
      'CAPABILITY_IAM',
      'CAPABILITY_NAMED_IAM',
    ],
    '--no-fail-on-empty-changeset',
  );

console.log('--- 4 names the restored tables in place of those of the stack, which are retained');
const detached = without(template, tables);
deploy('1-detached.json', detached);

console.log('--- 5 takes the restored tables into the stack');
// Nothing else may change in an import, so what uses the tables goes on naming them for one step more.
const taken = Object.fromEntries(
  names.map((name) => [
    name,
    {
      ...template.Resources[name],
      Properties: without({ Resources: {}, at: template.Resources[name].Properties }, tables).at,
    },
  ]),
);
keep('2-import.json', { ...detached, Resources: { ...detached.Resources, ...taken } });
const key = `${stack}-restore/${suffix}.json`;
run('s3', 'cp', '--only-show-errors', join(folder, '2-import.json'), `s3://${bucket}/${key}`);
const { Parameters = [], StackId } = aws('cloudformation', 'describe-stacks', '--stack-name', stack).Stacks[0];
const s3 = process.env.AWS_ENDPOINT_URL ?? `https://s3.${StackId.split(':')[3]}.amazonaws.com`;
const imports = names.map((name) => ({
  ResourceType: 'AWS::DynamoDB::Table',
  LogicalResourceId: name,
  ResourceIdentifier: { TableName: tables.get(name).table },
}));
const previous = Parameters.map(({ ParameterKey }) => ({ ParameterKey, UsePreviousValue: true }));
const change = ['--stack-name', stack, '--change-set-name', suffix];
aws(
  ...['cloudformation', 'create-change-set', ...change, '--change-set-type', 'IMPORT'],
  ...['--template-url', `${s3}/${bucket}/${key}`],
  ...['--resources-to-import', `file://${keep('2-resources.json', imports)}`],
  ...['--parameters', `file://${keep('2-parameters.json', previous)}`],
  ...['--capabilities', 'CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'],
);
run('cloudformation', 'wait', 'change-set-create-complete', ...change);
aws('cloudformation', 'execute-change-set', ...change);
run('cloudformation', 'wait', 'stack-import-complete', '--stack-name', stack);

console.log('--- 6 deploys the template as it was');
deploy('3-as-it-was.json', template);

console.log('--- 7 starts the functions again');
for (const [name, units] of reserved)
  if (units === undefined) aws('lambda', 'delete-function-concurrency', '--function-name', name);
  else
    aws(
      ...['lambda', 'put-function-concurrency', '--function-name', name],
      ...['--reserved-concurrent-executions', String(units)],
    );
console.log('Done. Left, and to be deleted when nobody needs them:');
for (const name of names) console.log(`  the table ${physical(name)}`);
