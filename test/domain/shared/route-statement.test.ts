import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readStatement } from '../../../src/domain/shared/route-statement.ts';
import { printStatement } from '../../helpers/limits.ts';

describe('a statement', () => {
  it.each([
    'GET /',
    'GET /a',
    '* /**',
    'PATCH /a/*/b/**',
    'DELETE /policies/sub:auth0%7Cx%2Fy',
    'PUT /policies/~a2V5OmE',
    'HEAD /%2e%2e',
  ])('may be %s', (text) => {
    expect(readStatement(text)).toEqual(expect.objectContaining({ method: text.split(' ')[0] }));
  });

  it.each([
    '',
    'GET',
    'get /a',
    'OPTIONS /a',
    'TRACE /a',
    'GET a',
    'GET  /a',
    ' GET /a',
    'GET /a ',
    'GET /a\n',
    'GET /a//b',
    'GET //a',
    'GET /a/',
    'GET /a/../b',
    'GET /./a',
    'GET /a?b',
    'GET /a#b',
    'GET /a*',
    'GET /**/a',
    'GET /***',
    'GET /%zz',
    'GET /%ff',
    'GET /~',
    'GET /~!',
    'GET /é',
    `GET /${'a'.repeat(200)}`,
  ])('is not %j', (text) => {
    expect(readStatement(text)).toEqual(expect.stringMatching(/^must /));
  });

  it('is read as it is written', () => {
    const segment = fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }).filter(isPlain), {
      nil: undefined,
    });
    const statements = fc.record({
      method: fc.constantFrom('GET', 'POST', '*'),
      segments: fc.array(segment, { maxLength: 4 }),
      hasRest: fc.boolean(),
    });
    const shortEnough = statements.filter((statement) => printStatement(statement).length <= 200);
    fc.assert(fc.property(shortEnough, (given) => expect(readStatement(printStatement(given))).toEqual(given)));
  });
});

/** A lone surrogate has no bytes, `~` begins base64url, and dots alone are steps in a path. */
const isPlain = (text: string): boolean => !/\p{Surrogate}|^~|^\.\.?$/u.test(text);
