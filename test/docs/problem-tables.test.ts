import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { generalProblems } from '../../src/entrypoints/http/problems.ts';
import { PROJECT } from '../helpers/project.ts';

describe('the problem tables', () => {
  const made = codesMadeInSource();

  it('know every code that the source makes', () => {
    const known = [generalProblems, ...contexts.map(({ problems }) => problems)].flatMap(Object.keys);
    expect(made.size).toBeGreaterThan(15);
    expect([...made].filter((code) => !known.includes(code))).toEqual([]);
  });

  it.each(contexts.map(({ name, problems }) => ({ name, codes: Object.keys(problems) })))(
    'of $name hold only codes of its own that are really made',
    ({ name, codes }) => {
      expect(codes.filter((code) => !code.startsWith(`${name.toUpperCase()}_`))).toEqual([]);
      expect(codes.filter((code) => !made.has(code))).toEqual([]);
    },
  );
});

/**
 * The codes with which `DomainError`s are made anywhere in the source. Where a code is not written in place, every
 * text of that file that looks like one counts.
 */
function codesMadeInSource(): Set<string> {
  const codes = new Set<string>();
  for (const path of ts.sys.readDirectory(join(PROJECT, 'src'), ['.ts'])) {
    const file = ts.createSourceFile(path, ts.sys.readFile(path) ?? '', ts.ScriptTarget.Latest);
    const texts: string[] = [];
    let computed = false;
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteral(node) && /^[A-Z]+(_[A-Z]+)*$/.test(node.text)) texts.push(node.text);
      if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'DomainError') {
        const code = node.arguments?.[0];
        if (code && ts.isStringLiteral(code)) codes.add(code.text);
        else computed = true;
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
    if (computed) for (const text of texts) codes.add(text);
  }
  return codes;
}
