import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { groupsInClaim, tokenSubjects } from '../../../src/domain/access/token-subjects.ts';

describe('the groups in a claim', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['a list', ['crew', 'cooks'], ['crew', 'cooks']],
    ['a text', 'crew', ['crew']],
    ['a text with spaces', 'crew cooks', ['crew', 'cooks']],
    ['a list of names with spaces', ['ship crew'], ['ship crew']],
    ['names that come twice', ['crew', 'crew'], ['crew']],
    ['names of the language', ['__proto__', 'constructor'], ['__proto__', 'constructor']],
    ['the longest name', ['x'.repeat(255)], ['x'.repeat(255)]],
    ['what is no name', ['', 1, null, ['crew'], { crew: true }, 'a\0b', 'a\nb', '\ud800', 'x'.repeat(256)], []],
    ['an object', { crew: true }, []],
    ['a number', 7, []],
    ['nothing', undefined, []],
    ['an empty text', '', []],
  ])('are those of %s', (_, claim, groups) => {
    expect(groupsInClaim(claim)).toEqual(groups);
  });
});

describe('the subjects of a token', () => {
  const ann = { sub: 'ann', groups: ['crew', 'a/b'] };

  it.each<[string, string | undefined, string[], string[], string[]]>([
    ['an issuer without a name', undefined, [], ['sub:ann', 'group:crew', 'group:a/b'], []],
    ['one beside others', undefined, ['a'], ['sub:ann', 'group:crew'], ['group:a/b']],
    ['an issuer with a name', 'a', ['b'], ['sub:a/ann', 'group:a/crew', 'group:a/a/b'], []],
  ])('of %s', (_, own, others, subjects, leftOut) => {
    expect(tokenSubjects(ann, { own, others })).toEqual({ subjects, leftOut });
  });

  it.each([undefined, 7, '', 'a\0b', 'x'.repeat(256), ['ann']])('has no person for %p', (sub) => {
    expect(tokenSubjects({ sub, groups: ['crew'] }, { own: undefined, others: [] }).subjects).toEqual(['group:crew']);
  });

  const name = fc.oneof(fc.constantFrom('a', 'b', 'a/x', 'b/x', 'a/b/x', '/x', 'x'), fc.string({ minLength: 1 }));
  const holder = fc.record({ sub: name, groups: fc.array(name) });

  it('of one issuer are never those of another', () => {
    const names = ['a', 'b', 'ab', undefined];
    const anyName = fc.constantFrom(...names);
    fc.assert(
      fc.property(holder, anyName, holder, anyName, (one, nameOfOne, other, nameOfOther) => {
        fc.pre(nameOfOne !== nameOfOther);
        const of = (each: typeof one, own: string | undefined) =>
          tokenSubjects(each, { own, others: names.flatMap((some) => (some && some !== own ? some : [])) }).subjects;
        const taken = new Set(of(one, nameOfOne));
        expect(of(other, nameOfOther).filter((subject) => taken.has(subject))).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are never those of an API key', () => {
    fc.assert(
      fc.property(holder, (each) => {
        const { subjects } = tokenSubjects(each, { own: undefined, others: [] });
        expect(subjects.filter((subject) => !/^(sub|group):/.test(subject))).toEqual([]);
      }),
    );
  });
});
