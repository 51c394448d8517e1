import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PROJECT, readFromProject } from '../helpers/project.ts';

const inDocs = readdirSync(join(PROJECT, 'docs'), { recursive: true, encoding: 'utf8' });
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...inDocs.filter((path) => path.endsWith('.md')).map((path) => join('docs', path)),
];
const { scripts } = JSON.parse(readFromProject('package.json')) as { readonly scripts: object };

/** Files and folders that a page names in backticks or commands. Those of `<context>` or of a row that says "new" are yet to come. */
function namedPaths(markdown: string): string[] {
  const existing = markdown.replace(/^\|[^|]*\| new\b/gm, '');
  const paths = existing.match(/(?<![\w/.<>-])(?:src|test|docs|demo|bench|scripts)\/[\w./<>…-]*/g) ?? [];
  return paths.filter((path) => !/[<…]/.test(path)).map((path) => path.replace(/\.$/, ''));
}

const linkedPaths = (page: string, markdown: string): string[] =>
  [...markdown.matchAll(/\]\(([^)#]+)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^https?:/.test(target))
    .map((target) => normalize(join(dirname(page), target)));

const namedScripts = (markdown: string): string[] =>
  [...markdown.matchAll(/npm run (?:--silent |-s )?([\w:-]+)/g)].map(([, name = '']) => name);

describe.each(pages)('%s', (page) => {
  const markdown = readFromProject(page);

  it('names and links only files that exist', () => {
    const paths = [...namedPaths(markdown), ...linkedPaths(page, markdown)];
    expect(paths.filter((path) => !existsSync(join(PROJECT, path)))).toEqual([]);
  });
});

describe('README.md', () => {
  it.each(['src/adapters', 'src/entrypoints', 'test'])('shows every folder of %s in its map', (parent) => {
    const [, map = ''] = /^```\n(src\/domain\/.*?)^```$/ms.exec(readFromProject('README.md')) ?? [];
    const [, line = ''] = new RegExp(`^${parent}/ +(.*?)(?=^\\S)`, 'ms').exec(map) ?? [];
    const folders = readdirSync(join(PROJECT, parent), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(line.match(/\w[\w-]*/g)).toEqual(expect.arrayContaining(folders.map(({ name }) => name)));
  });
});

describe.each([...pages, '.ci/run'])('%s', (page) => {
  it('names only commands that exist', () => {
    expect(namedScripts(readFromProject(page)).filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});

describe.each(pages.filter((page) => page.startsWith('docs/how-to/add-')))('%s', (page) => {
  const markdown = readFromProject(page);

  it('says what to decide first, which files it takes, what to keep to and how to verify it', () => {
    const headings = [...markdown.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(['Decide first', 'Files', 'Contract', 'Verify']);
  });

  it('names files to imitate', () => {
    expect(namedPaths(markdown).length).toBeGreaterThan(3);
  });
});

describe('docs/adr/README.md', () => {
  it('lists every decision once', () => {
    const listed = [...readFromProject('docs/adr/README.md').matchAll(/\]\((\d{4}-[^)]+)\)/g)].map(([, file]) => file);
    const written = readdirSync(join(PROJECT, 'docs/adr')).filter((file) => /^\d{4}-/.test(file));
    expect(listed.sort()).toEqual(written.sort());
  });
});
