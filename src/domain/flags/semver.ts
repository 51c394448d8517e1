/** https://semver.org, with a leading `v` allowed, as tags often have one. */
const VERSION =
  /^v?(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/;
const COMPARISON = /^(=|!=|<=|<|>=|>|\^|~) ?(.+)$/;
const MAX_LENGTH = 256;

interface Version {
  readonly numbers: readonly [number, number, number];
  readonly prerelease: readonly string[];
}

function versionIn(value: unknown): Version | undefined {
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return undefined;
  const [, major, minor, patch, prerelease] = VERSION.exec(value) ?? [];
  if (major === undefined) return undefined;
  return { numbers: [Number(major), Number(minor), Number(patch)], prerelease: prerelease?.split('.') ?? [] };
}

function compare(one: Version, other: Version): number {
  for (const [index, number] of one.numbers.entries()) {
    const difference = number - (other.numbers[index] as number);
    if (difference !== 0) return difference;
  }
  // A prerelease comes before its release.
  if (one.prerelease.length === 0 || other.prerelease.length === 0)
    return other.prerelease.length - one.prerelease.length;
  return comparePrereleases(one.prerelease, other.prerelease);
}

function comparePrereleases(one: readonly string[], other: readonly string[]): number {
  for (let index = 0; index < Math.min(one.length, other.length); index++) {
    const [left, right] = [one[index] as string, other[index] as string];
    if (left === right) continue;
    const [leftIsNumber, rightIsNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (leftIsNumber && rightIsNumber) return left.length - right.length || (left < right ? -1 : 1);
    if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return one.length - other.length;
}

const comparisonIn = (text: unknown): readonly [operator: string, version: Version] | undefined => {
  const [, operator = '', given] = (typeof text === 'string' && COMPARISON.exec(text)) || [];
  const version = versionIn(given);
  return version && [operator, version];
};

/** `>=1.2.0`, `<2.0.0-rc.1`, `=1.2.3`, `!=1.2.3`, `^1.2.3` (the same major number) or `~1.2.3` (the same minor one too). */
export const isVersionComparison = (text: unknown): boolean => comparisonIn(text) !== undefined;

/** Whether a version fits a comparison; one that is no version fits none. */
export function fitsVersion(value: unknown, comparison: unknown): boolean {
  const version = versionIn(value);
  const [operator, other] = comparisonIn(comparison) ?? [];
  if (!version || !other) return false;
  const order = compare(version, other);
  const isSame = (count: number): boolean =>
    version.numbers.slice(0, count).every((number, index) => number === other.numbers[index]);
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '^':
      return isSame(1);
    default:
      return isSame(2);
  }
}
