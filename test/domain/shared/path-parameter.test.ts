import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { textInParameter, textInSegment } from '../../../src/domain/shared/path-parameter.ts';

const text = fc.string({ unit: 'binary', minLength: 1 });

it('gives the text back that was written in base64url or percent-encoded', () => {
  fc.assert(
    fc.property(text, (value) => {
      expect(textInSegment(`~${Buffer.from(value).toString('base64url')}`)).toBe(value);
      if (!value.startsWith('~')) expect(textInSegment(encodeURIComponent(value))).toBe(value);
    }),
  );
});

it.each(['~', '~a', '~a+/', '~YQ==', '~_w', '~%7E'])('finds no text in %s', (segment) => {
  expect(textInSegment(segment)).toBeUndefined();
});

it('takes what does not begin with ~ as it is', () => {
  expect(textInParameter('sub:auth0|x/y ~')).toBe('sub:auth0|x/y ~');
  expect(textInSegment('%zz')).toBeUndefined();
});
