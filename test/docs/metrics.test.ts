import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PROJECT, readFromProject } from '../helpers/project.ts';

const named = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name = '']) => name);

describe('the page on operations', () => {
  it('lists every metric that the source records', () => {
    const files = readdirSync(join(PROJECT, 'src'), { recursive: true, encoding: 'utf8' });
    const recorded = files
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) => named(readFromProject(join('src', path)), /\.record\(\s*'(\w+)'/g));
    const listed = named(readFromProject('docs/operations.md'), /^\| `([A-Z]\w+)` \| (?:ms|count) \|/gm);

    expect(recorded.length).toBeGreaterThan(4);
    expect(listed).toEqual(expect.arrayContaining(recorded));
  });
});
