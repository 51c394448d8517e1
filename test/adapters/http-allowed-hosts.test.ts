import { describe, expect, it } from '@jest/globals';
import { isPublicAddress } from '../../src/adapters/http/address-blocks.ts';
import { AllowedHosts, hostOf, parseHostRule } from '../../src/adapters/http/allowed-hosts.ts';

describe('a public address', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00::1',
    '::ffff:8.8.8.8',
    '::ffff:808:808',
    '64:ff9b::8.8.8.8',
  ])('is %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ['unspecified', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['private', '10.0.0.0'],
    ['private', '10.255.255.255'],
    ['private', '172.16.0.0'],
    ['private', '172.31.255.255'],
    ['private', '192.168.0.1'],
    ['behind a carrier’s NAT', '100.64.0.0'],
    ['metadata of Alibaba', '100.100.100.200'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.255'],
    ['metadata of most clouds', '169.254.169.254'],
    ['metadata of ECS', '169.254.170.2'],
    ['metadata of Azure', '168.63.129.16'],
    ['metadata of Oracle', '192.0.0.192'],
    ['multicast', '224.0.0.1'],
    ['multicast', '239.255.255.250'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['loopback, long', '0:0:0:0:0:0:0:1'],
    ['IPv4-compatible', '::127.0.0.1'],
    ['IPv4-mapped', '::ffff:127.0.0.1'],
    ['IPv4-mapped, in hexadecimals', '::ffff:a9fe:a9fe'],
    ['IPv4-mapped, long', '0:0:0:0:0:FFFF:10.0.0.1'],
    ['IPv4-translated', '64:ff9b::10.0.0.1'],
    ['IPv4-translated', '64:ff9b::'],
    ['IPv4-translated, local', '64:ff9b:1::808:808'],
    ['6to4', '2002:7f00:1::'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['unique-local', 'fc00::1'],
    ['metadata of AWS', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local, with a zone', 'fe80::1%eth0'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['documentation', '2001:db8::1'],
  ])('is not one that is %s: %s', (_, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

const hosts = (setting: string): AllowedHosts => AllowedHosts.of(setting.split(',').map(parseHostRule));

describe('a URL is refused', () => {
  it.each([
    ['http://127.0.0.1:8080/', 'public', true],
    ['http://2130706433/', 'public', true],
    ['http://0x7f.1/', 'public', true],
    ['http://127.0.0.1./', 'public', true],
    ['http://user:pw@10.0.0.1/', 'public', true],
    ['http://8.8.8.8@127.0.0.1/', 'public', true],
    ['http://127.0.0.1@8.8.8.8/', 'public', false],
    ['http://[::1]/', 'public', true],
    ['http://[::ffff:7f00:1]/', 'public', true],
    ['http://[2606:4700::1]/', 'public', false],
    ['http://LOCALHOST/', 'public', true],
    ['http://jobs.localhost./', 'public', true],
    ['https://example.org/', 'public', false],
    ['http://localhost/', 'every', false],
    ['http://169.254.169.254/', 'every', false],
    ['http://jobs.example.org/', 'jobs.example.org', false],
    ['http://JOBS.example.org.:8080/x', 'jobs.example.org', false],
    ['http://other.example.org/', 'jobs.example.org', true],
    ['http://jobs.example.org.evil.test/', 'jobs.example.org', true],
    ['http://8.8.8.8/', 'jobs.example.org', true],
    ['http://a.example.org/', '*.example.org', false],
    ['http://a.b.example.org/', '*.example.org', false],
    ['http://example.org/', '*.example.org', true],
    ['http://notexample.org/', '*.example.org', true],
    ['http://m%C3%BCller.example/', 'Müller.example', false],
    ['http://10.1.2.3/', '10.0.0.0/8', false],
    ['http://[::ffff:10.1.2.3]/', '10.0.0.0/8', false],
    ['http://11.1.2.3/', '10.0.0.0/8', true],
    ['http://8.8.8.8/', '10.0.0.0/8,jobs.example.org', true],
    ['http://10.0.0.7/', '10.0.0.7', false],
    ['http://10.0.0.8/', '10.0.0.7', true],
    ['http://[fd00::7]/', 'fd00::/8', false],
    ['http://localhost/', '10.0.0.0/8', true],
    ['http://localhost/', '127.0.0.0/8', false],
    ['http://localhost/', '::1', false],
    ['http://localhost/', 'localhost', false],
    ['http://127.0.0.1/', 'localhost', true],
    ['http://where.it.leads.tells/', '10.0.0.0/8', false],
    ['http://10.1.2.3/', '0.0.0.0/0,::/0', false],
    ['http://[::1]/', '0.0.0.0/0,::/0', false],
  ])('%s by %s: %s', (url, setting, refused) => {
    const named = { public: AllowedHosts.public, every: AllowedHosts.every }[setting];
    expect((named ?? hosts(setting)).refuses(url)).toBe(refused);
  });
});

describe('the address of a name', () => {
  it.each([
    ['example.org', '8.8.8.8', 'public', true],
    ['example.org', '10.0.0.1', 'public', false],
    ['example.org', '10.0.0.1', 'every', true],
    ['example.org', '10.0.0.1', 'example.org', true],
    ['example.org', '10.0.0.1', 'other.example.org', false],
    ['jobs.example.org', '10.0.0.1', '*.example.org', true],
    ['example.org', '10.0.0.1', '10.0.0.0/8', true],
    ['example.org', '8.8.8.8', '10.0.0.0/8', false],
    ['example.org', '127.0.0.1', '10.0.0.0/8,fd00::/8', false],
  ])('%s at %s counts by %s: %s', (host, address, setting, allowed) => {
    const named = { public: AllowedHosts.public, every: AllowedHosts.every }[setting];
    expect((named ?? hosts(setting)).allows(hostOf(`http://${host}/`), address)).toBe(allowed);
  });
});

describe('a rule', () => {
  it.each([
    '',
    '*',
    '*.',
    '.example.org',
    '*.*.example.org',
    'jobs.*.org',
    'a..b',
    '-a.example',
    'example.org:443',
    'http://example.org',
    'example.org/x',
    'a b',
    'user@example.org',
    '[::1]',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0/8',
    '10.0.0.0/8/8',
    '::/129',
    '1.2.3',
    '256.1.1.1',
    '0x7f.1',
    '2130706433',
    '*.127.0.0.1',
    `${'a'.repeat(64)}.example`,
  ])('%j is none', (text) => {
    expect(() => parseHostRule(text)).toThrow(/^must list hosts, domains such as \*\.example\.org, or blocks/);
  });
});
