import { describe, expect, it } from '@jest/globals';
import { coreSettings } from '../../src/entrypoints/composition/config.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import type { Settings } from '../../src/entrypoints/composition/settings.ts';
import { headingOf, readDoc, tableRow, tableRows } from './markdown.ts';

const rowsOf = (settings: Settings): string[] =>
  Object.entries(settings).map(([name, { fallback, meaning }]) =>
    tableRow(`\`${name}\``, fallback === undefined ? '' : `\`${fallback}\``, meaning),
  );

describe('docs/config.md', () => {
  it('has a row for every setting, and no other', () => {
    expect(tableRows(readDoc('docs/config.md'))).toEqual({
      Service: rowsOf(coreSettings),
      ...Object.fromEntries(contexts.map(({ name, settings }) => [headingOf(name), rowsOf(settings)])),
    });
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
