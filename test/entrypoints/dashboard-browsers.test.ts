import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PACKAGE_FILES } from '../../src/entrypoints/http/dashboard-packages.ts';

/** What a phone of 2022 that is no longer updated can have: Safari 15.0, Chrome 97. */
const DASHBOARD = 'src/entrypoints/http/dashboard';

interface Newer {
  readonly name: string;
  /** The first versions that know it. */
  readonly since: string;
  readonly pattern: RegExp;
  /** Code that the pattern must find. */
  readonly sample: string;
}

/** A property or method of that name, on whatever object. */
const member = (name: string, since: string): Newer => ({
  name: `.${name}`,
  since,
  pattern: new RegExp(`\\.${name}\\b`),
  sample: `thing.${name}`,
});

const scripts: readonly Newer[] = [
  ...['any', 'timeout'].map((name) => ({
    name: `AbortSignal.${name}`,
    since: name === 'any' ? 'Safari 17.4, Chrome 116' : 'Safari 16.0, Chrome 103',
    pattern: new RegExp(`AbortSignal\\.${name}\\b`),
    sample: `AbortSignal.${name}(1)`,
  })),
  member('throwIfAborted', 'Safari 15.4, Chrome 100'),
  { name: '.at', since: 'Safari 15.4', pattern: /\.at\(/, sample: 'list.at(-1)' },
  member('toSorted', 'Safari 16.0, Chrome 110'),
  member('toReversed', 'Safari 16.0, Chrome 110'),
  member('toSpliced', 'Safari 16.0, Chrome 110'),
  { name: '.with', since: 'Safari 16.0, Chrome 110', pattern: /\.with\(/, sample: 'list.with(0, 1)' },
  member('findLast', 'Safari 15.4'),
  member('findLastIndex', 'Safari 15.4'),
  member('groupBy', 'Safari 17.4, Chrome 117'),
  member('fromAsync', 'Safari 16.4, Chrome 121'),
  member('withResolvers', 'Safari 17.4, Chrome 119'),
  { name: 'Promise.try', since: 'Safari 18.2, Chrome 128', pattern: /Promise\.try\b/, sample: 'Promise.try(act)' },
  member('hasOwn', 'Safari 15.4'),
  member('randomUUID', 'Safari 15.4, and only over https'),
  member('locks', 'Safari 15.4, and only over https'),
  member('showPicker', 'Safari 16.0, Chrome 99'),
  member('canParse', 'Safari 17.0, Chrome 120'),
  member('isWellFormed', 'Safari 16.4, Chrome 111'),
  member('toWellFormed', 'Safari 16.4, Chrome 111'),
  member('checkVisibility', 'Safari 17.4, Chrome 105'),
  member('requestSubmit', 'Safari 16.0'),
  member('replaceSync', 'Safari 16.4'),
  member('showPopover', 'Safari 17.0, Chrome 114'),
  member('togglePopover', 'Safari 17.0, Chrome 114'),
  member('setHTML', 'none of them'),
  member('supportedValuesOf', 'Safari 15.4, Chrome 99'),
  member('isSubsetOf', 'Safari 17.0, Chrome 122'),
  member('symmetricDifference', 'Safari 17.0, Chrome 122'),
  {
    name: 'set.union and the like',
    since: 'Safari 17.0, Chrome 122',
    pattern: /\.(union|intersection|difference)\(/,
    sample: 'a.union(b)',
  },
  {
    name: 'structuredClone',
    since: 'Safari 15.4, Chrome 98',
    pattern: /\bstructuredClone\b/,
    sample: 'structuredClone(a)',
  },
  {
    name: 'requestIdleCallback',
    since: 'not in Safari',
    pattern: /\brequestIdleCallback\b/,
    sample: 'requestIdleCallback(a)',
  },
  { name: 'scheduler', since: 'not in Safari', pattern: /\bscheduler\./, sample: 'scheduler.postTask(a)' },
  { name: 'Temporal', since: 'none of them', pattern: /\bTemporal\b/, sample: 'Temporal.Now' },
  {
    name: 'Iterator helpers',
    since: 'Safari 18.4, Chrome 122',
    pattern: /\bIterator\.|\.(values|keys|entries)\(\)\.(map|filter|take|toArray)/,
    sample: 'map.values().map(f)',
  },
  { name: 'SharedWorker', since: 'Safari 16.0', pattern: /\bSharedWorker\b/, sample: 'new SharedWorker(a)' },
  { name: 'lookbehind', since: 'Safari 16.4', pattern: /\(\?<[=!]/, sample: '/(?<=a)b/' },
  {
    name: 'flag v of patterns',
    since: 'Safari 17.0, Chrome 112',
    pattern: /\/[dgimsuy]*v[dgimsuy]*[.;,)\s]/,
    sample: '/[a]/v.test(b)',
  },
  { name: 'static blocks', since: 'Safari 16.4', pattern: /\bstatic\s*\{/, sample: 'static { a(); }' },
  {
    name: 'import attributes',
    since: 'Safari 17.2, Chrome 123',
    pattern: /\bfrom '[^']*' with\b/,
    sample: "import a from 'b' with {}",
  },
  { name: 'using', since: 'not in Safari', pattern: /\busing \w+ =/, sample: 'using a = b' },
  {
    name: 'offsets as names of zones',
    since: 'Safari 15.4',
    pattern: /(short|long)(Offset|Generic)/,
    sample: "'shortOffset'",
  },
];

const styles: readonly Newer[] = [
  {
    name: 'overflow-wrap: anywhere',
    since: 'Safari 15.4',
    pattern: /overflow-wrap:\s*anywhere/,
    sample: 'overflow-wrap: anywhere',
  },
  {
    name: 'heights of small screens',
    since: 'Safari 15.4, Chrome 108',
    pattern: /\d[dsl]v[hwib]\b/,
    sample: 'height: 1dvh',
  },
  { name: 'heights of lines', since: 'Safari 16.4, Chrome 109', pattern: /\dr?lh\b/, sample: 'height: 2lh' },
  {
    name: 'overflow: clip',
    since: 'Safari 16.0',
    pattern: /overflow(-[a-z]+)?:[^;]*\bclip\b/,
    sample: 'overflow: clip',
  },
  {
    name: 'light-dark()',
    since: 'Safari 17.5, Chrome 123',
    pattern: /light-dark\(/,
    sample: 'color: light-dark(a, b)',
  },
  {
    name: 'color-mix() and newer colours',
    since: 'Safari 16.2, Chrome 111',
    pattern: /\b(color-mix|oklch|oklab|lch|lab|color)\(/,
    sample: 'color: color-mix(in srgb, a, b)',
  },
  { name: ':has()', since: 'Safari 15.4, Chrome 105', pattern: /:has\(/, sample: 'a:has(b) {' },
  { name: ':user-invalid', since: 'Safari 16.5, Chrome 119', pattern: /:user-(in)?valid/, sample: 'a:user-invalid {' },
  { name: ':dir()', since: 'Safari 16.4, Chrome 120', pattern: /:dir\(/, sample: 'a:dir(rtl) {' },
  { name: 'nesting', since: 'Safari 17.2, Chrome 120', pattern: /(^|[\s{;])&/, sample: 'a { &:hover {' },
  {
    name: 'container queries',
    since: 'Safari 16.0, Chrome 105',
    pattern: /@container|container-(type|name)|\d(cqw|cqh|cqi|cqb)\b/,
    sample: '@container (width > 1px)',
  },
  { name: 'layers', since: 'Safari 15.4, Chrome 99', pattern: /@layer/, sample: '@layer a {' },
  { name: 'scopes', since: 'Safari 17.4, Chrome 118', pattern: /@scope/, sample: '@scope (a) {' },
  { name: '@property', since: 'Safari 16.4', pattern: /@property/, sample: '@property --a {' },
  {
    name: '@starting-style',
    since: 'Safari 17.5, Chrome 117',
    pattern: /@starting-style/,
    sample: '@starting-style {',
  },
  {
    name: 'ranges in media queries',
    since: 'Safari 16.4, Chrome 104',
    pattern: /@media[^{]*[<>]/,
    sample: '@media (width >= 1rem)',
  },
  { name: 'subgrid', since: 'Safari 16.0, Chrome 117', pattern: /subgrid/, sample: 'grid-template-rows: subgrid' },
  {
    name: 'transforms of their own',
    since: 'Chrome 104',
    pattern: /(^|[\s{;])(rotate|scale|translate):/m,
    sample: ' rotate: 1deg',
  },
  {
    name: 'functions of numbers',
    since: 'Safari 15.4 and later',
    pattern: /[\s(](round|mod|rem|sin|cos|tan|sqrt|pow|hypot|abs|sign)\(/,
    sample: 'width: round(1px, 2px)',
  },
  { name: 'anchors', since: 'Safari 26, Chrome 125', pattern: /anchor(-name)?[(:]/, sample: 'top: anchor(bottom)' },
  { name: 'field-sizing', since: 'Chrome 123', pattern: /field-sizing/, sample: 'field-sizing: content' },
];

const files = (ending: string) =>
  readdirSync(DASHBOARD, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .map((path) => ({ path, code: withoutComments(readFileSync(join(DASHBOARD, path), 'utf8')) }));

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

/** What the pages are made with, as it is served. */
const packages = PACKAGE_FILES.map((path) => ({
  path,
  code: withoutComments(readFileSync(join('node_modules', path), 'utf8')),
}));

describe('the dashboard, for browsers of 2022', () => {
  it.each([...scripts, ...styles])('would notice $name ($since)', ({ pattern, sample }) => {
    expect(sample).toMatch(pattern);
  });

  it.each([...files('.js'), ...packages])('uses nothing newer in $path', ({ code }) => {
    expect(scripts.filter(({ pattern }) => pattern.test(code)).map(({ name }) => name)).toEqual([]);
  });

  it.each(files('.css'))('uses nothing newer in $path', ({ code }) => {
    expect(styles.filter(({ pattern }) => pattern.test(code)).map(({ name }) => name)).toEqual([]);
  });
});
