import { parse } from 'yaml';
import { readFromProject } from '../helpers/project.ts';
import type { PolicyDocument } from './least-privilege.ts';

/** What tests read of a parameter. */
interface Parameter {
  readonly Default?: unknown;
  readonly NoEcho?: boolean;
}

/** What tests read of a resource. */
interface Resource {
  readonly Type: string;
  readonly Properties: {
    /** Of a role. A policy that is conditional has no document in this place. */
    readonly Policies?: readonly { readonly PolicyDocument?: PolicyDocument }[];
    /** Of a task definition. */
    readonly ContainerDefinitions?: readonly { readonly Secrets?: readonly unknown[] }[];
    readonly DashboardBody?: string;
    readonly FilterPattern?: string;
    /** Of a table. */
    readonly TimeToLiveSpecification?: unknown;
  };
}

interface Template {
  readonly Parameters: Readonly<Record<string, Parameter>>;
  readonly Resources: Readonly<Record<string, Resource>>;
}

/** A template of the project as it stands there: `!GetAtt VotesTable.Arn` is the text `VotesTable.Arn`. */
export const readTemplate = (path: string): Template => parse(readFromProject(path), { logLevel: 'error' });
