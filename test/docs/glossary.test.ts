import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { PROJECT, readFromProject } from '../helpers/project.ts';

const CONTEXTS = ['Votes', 'Tasks', 'Stocks', 'Access', 'System'];

interface Entry {
  readonly term: string;
  readonly meaning: string;
  /** A declared name, or the path of a file. */
  readonly code: string;
}

const sections = sectionsOf(readFromProject('docs/glossary.md'));
const declared = declaredNames();

describe('the glossary', () => {
  it('has a table of terms for each context', () => {
    expect([...sections.keys()]).toEqual(CONTEXTS);
    for (const entries of sections.values()) expect(entries.length).toBeGreaterThan(5);
  });

  it.each(CONTEXTS)('lists the terms of %s in alphabetical order, each once', (context) => {
    const terms = (sections.get(context) ?? []).map(({ term }) => term.toLowerCase());
    expect(terms).toEqual([...new Set(terms)].sort((one, other) => one.localeCompare(other, 'en')));
  });

  it.each(CONTEXTS)('says what each term of %s means, in one or two sentences', (context) => {
    const wordy = (sections.get(context) ?? []).filter(({ meaning }) => !/^[^.]+(\. [^.]+)?\.$/.test(meaning));
    expect(wordy).toEqual([]);
  });

  it.each(CONTEXTS)('names only what the code declares for %s', (context) => {
    expect(missing(sections.get(context) ?? [])).toEqual([]);
  });

  it('would notice a name or a file that is gone', () => {
    const planted = '## Planted\n\n| Gone | A type. | `NoSuchType` |\n| Moved | A file. | `src/ports/gone.ts` |\n';
    const [entries = []] = sectionsOf(planted).values();
    expect(missing(entries).map(({ term }) => term)).toEqual(['Gone', 'Moved']);
  });
});

function sectionsOf(markdown: string): ReadonlyMap<string, readonly Entry[]> {
  return new Map(
    markdown
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const rows = [...section.matchAll(/^\| (.+?) \| (.+) \| `(.+?)` \|$/gm)];
        const entries = rows.map(([, term = '', meaning = '', code = '']) => ({ term, meaning, code }));
        return [section.split('\n', 1)[0] as string, entries];
      }),
  );
}

const missing = (entries: readonly Entry[]): readonly Entry[] =>
  entries.filter(({ code }) => (code.includes('/') ? !existsSync(join(PROJECT, code)) : !declared.has(code)));

/** Types, classes, functions and constants at the top level of any file in `src`. */
function declaredNames(): ReadonlySet<string> {
  const names = new Set<string>();
  for (const path of ts.sys.readDirectory(join(PROJECT, 'src'), ['.ts'])) {
    const file = ts.createSourceFile(path, ts.sys.readFile(path) ?? '', ts.ScriptTarget.Latest);
    for (const statement of file.statements) {
      const declarations = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement];
      for (const { name } of declarations as readonly { readonly name?: ts.Node }[])
        if (name && ts.isIdentifier(name)) names.add(name.text);
    }
  }
  return names;
}
