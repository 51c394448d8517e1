import { describe, expect, it } from '@jest/globals';
import { docTables, tablesIn } from '../../scripts/doc-tables.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { coreSettings } from '../../src/entrypoints/config/core.ts';
import type { Settings } from '../../src/entrypoints/config/settings.ts';
import { readFromProject } from '../helpers/project.ts';

describe.each(Object.entries(docTables))('%s', (path, tables) => {
  it('has a row for everything that the code knows, and no other (`npm run docs` writes them)', () => {
    expect(Object.keys(tables).length).toBeGreaterThan(1);
    expect(tablesIn(readFromProject(path))).toEqual(tables);
  });
});

describe('the settings', () => {
  it('have defaults that are valid', () => {
    const all: Settings = Object.assign({}, coreSettings, ...contexts.map(({ settings }) => settings));
    for (const { fallback, parse } of Object.values(all))
      if (fallback !== undefined) expect(() => parse(fallback)).not.toThrow();
  });

  it('are named once', () => {
    const names = [coreSettings, ...contexts.map(({ settings }) => settings)].flatMap(Object.keys);
    expect(names).toEqual([...new Set(names)]);
  });
});
