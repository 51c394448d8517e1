import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readFromProject } from '../helpers/project.ts';

/** All that IAM takes of the policies of a role together, without white space. */
const MAX_CHARACTERS = 10_240;
/** How names of tables begin in the regions with the longest names, and nothing that others begin with is longer than the second. */
const OF_TABLES = 'arn:aws:dynamodb:ap-southeast-2:123456789012:table/';
const OF_OTHERS = 'arn:aws:secretsmanager:ap-southeast-2:123456789012:log-group:';
/** What CloudFormation appends. */
const APPENDED = '-ABCDEFGHIJKLM';
const STREAM = '/stream/2026-11-30T00:00:00.000';

interface Template {
  readonly Conditions: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: { readonly Policies?: readonly unknown[] } }>
  >;
}

/** The policies of a role as IAM gets them where everything is asked for, in a stack with a name of that length. */
function policiesOf({ Conditions, Resources }: Template, role: string, nameLength: number): unknown[] {
  const nameOf = (resource: string): string =>
    `${Resources[resource]?.Type.endsWith('::Table') ? OF_TABLES : OF_OTHERS}${'x'.repeat(nameLength)}-${resource}${APPENDED}`;
  const inFull = (part: unknown): unknown => {
    if (Array.isArray(part)) {
      const [condition, then] = part;
      return part.length === 3 && Object.hasOwn(Conditions, String(condition)) ? inFull(then) : part.map(inFull);
    }
    if (part !== null && typeof part === 'object')
      return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, inFull(value)]));
    const text = String(part);
    const [, resource = text, attribute] = /^(\w+)\.(\w+)$/.exec(text) ?? [];
    if (Object.hasOwn(Resources, resource)) return `${nameOf(resource)}${attribute === 'StreamArn' ? STREAM : ''}`;
    if (text.endsWith('SecretArn')) return nameOf(text);
    return text.replace(/\$\{(\w+)\.Arn\}/g, (_, name) => nameOf(name));
  };
  return (Resources[role]?.Properties.Policies ?? []).map(
    (policy) => (inFull(policy) as Record<string, unknown>).PolicyDocument,
  );
}

const sizeOf = (template: Template, role: string, nameLength: number): number =>
  JSON.stringify(policiesOf(template, role, nameLength)).length;

it.each(['template.yaml', 'deploy/fargate.yaml'])(
  'the policies of each role in %s fit into what IAM takes, for the longest name of a stack that docs/deploy.md allows',
  (path) => {
    const template: Template = parse(readFromProject(path), { logLevel: 'error', merge: true });
    const longest = Number(/name of (\d+) characters at most/.exec(readFromProject('docs/deploy.md'))?.[1]);
    const roles = Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::IAM::Role');

    expect(roles.length).toBeGreaterThan(2);
    expect(longest).toBeGreaterThan(30);
    for (const [role] of roles) {
      expect(policiesOf(template, role, longest)).not.toContain(undefined);
      expect([role, sizeOf(template, role, longest) < MAX_CHARACTERS]).toEqual([role, true]);
    }
    // Nothing of a name got lost on the way into the policies.
    expect(sizeOf(template, 'ApiRole', longest + 10) - sizeOf(template, 'ApiRole', longest)).toBeGreaterThan(200);
  },
);
