import { describe, expect, it } from '@jest/globals';
import { clientAddress } from '../../src/entrypoints/http/client-address.ts';

const CONNECTION = '192.0.2.1';

describe('the address of a client', () => {
  it.each<[string | undefined, number, string]>([
    // Nobody in front is believed.
    [undefined, 0, CONNECTION],
    ['203.0.113.7', 0, CONNECTION],
    // What stands before the entries of the proxies may be made up.
    ['203.0.113.7', 1, '203.0.113.7'],
    ['198.51.100.9, 203.0.113.7', 1, '203.0.113.7'],
    ['198.51.100.9,203.0.113.7 , 10.0.0.2', 2, '203.0.113.7'],
    // Not all of the proxies were passed.
    [undefined, 1, CONNECTION],
    ['', 1, CONNECTION],
    ['203.0.113.7', 2, CONNECTION],
    // With a port, as some proxies tell it.
    ['203.0.113.7:4711', 1, '203.0.113.7'],
    ['[2001:db8::7]:4711', 1, '2001:db8::7'],
    ['[2001:db8::7]', 1, '2001:db8::7'],
    ['2001:db8::7', 1, '2001:db8::7'],
    ['::ffff:203.0.113.7', 1, '203.0.113.7'],
    // What is no address.
    ['unknown', 1, CONNECTION],
    ['203.0.113.7, "<script>"', 1, CONNECTION],
    ['203.0.113.777', 1, CONNECTION],
  ])('is read from %j behind %d proxies: %s', (forwardedFor, proxies, address) => {
    expect(clientAddress(CONNECTION, forwardedFor, proxies)).toBe(address);
  });

  it('is an IPv4 address where a socket for both wraps it', () => {
    expect(clientAddress('::ffff:192.0.2.1', undefined, 0)).toBe('192.0.2.1');
    expect(clientAddress('::1', undefined, 0)).toBe('::1');
  });
});
