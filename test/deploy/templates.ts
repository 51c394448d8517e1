import { parse } from 'yaml';
import { readFromProject } from '../helpers/project.ts';
import type { PolicyDocument } from './least-privilege.ts';

/** What tests read of a resource. */
export interface Resource {
  readonly Type: string;
  readonly Properties: {
    /** Of a role. A policy that is conditional has no document in this place. */
    readonly Policies?: readonly { readonly PolicyDocument?: PolicyDocument }[];
    readonly DashboardBody?: string;
  };
}

/** The resources of a template as they stand there: `!GetAtt VotesTable.Arn` is the text `VotesTable.Arn`. */
export const resourcesOf = (template: string): Readonly<Record<string, Resource>> =>
  parse(readFromProject(template), { logLevel: 'error' }).Resources;
