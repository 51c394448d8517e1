import { describe, expect, it } from '@jest/globals';
import { readStatement } from '../../../src/domain/access/statement.ts';

describe('a statement', () => {
  it.each([
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
    'GET /',
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
});
