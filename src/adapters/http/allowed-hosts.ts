import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { RunnerHosts } from '../../ports/tasks.ts';
import { type AddressBlock, isIn, isPublicAddress, parseBlock } from './address-blocks.ts';

/** A host by its name, all hosts below a domain, or a block of addresses. */
export type HostRule = { readonly host: string } | { readonly domain: string } | { readonly block: AddressBlock };

const LABEL = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?';
const NAME = new RegExp(`^${LABEL}(\\.${LABEL})*$`);
/** A URL takes what ends in a number for an IPv4 address, in one of many spellings. */
const NUMERIC = /(^|\.)(\d+|0x[0-9a-f]*)$/;
const MESSAGE = 'must list hosts, domains such as *.example.org, or blocks of addresses such as 10.0.0.0/8';

/**
 * Reads `jobs.example.org`, `*.example.org`, a CIDR block or a single address.
 *
 * @throws Error with a message that continues the name of a setting
 */
export function parseHostRule(text: string): HostRule {
  const block = parseBlock(text);
  if (block) return { block };
  const [, wildcard, given = ''] = /^(\*\.)?([\p{L}\p{M}\p{N}._-]+)$/u.exec(text) ?? [];
  const name = domainToASCII(given);
  if (!NAME.test(name) || NUMERIC.test(name)) throw new Error(MESSAGE);
  return wildcard ? { domain: name } : { host: name };
}

/**
 * Which services may be called: those whose name is listed, wherever it leads, and those at an allowed address. The
 * address that counts is the one that is connected to, so that a name which suddenly leads elsewhere is of no use.
 */
export class AllowedHosts implements RunnerHosts {
  static readonly every = new AllowedHosts([], () => true);
  static readonly public = new AllowedHosts([], isPublicAddress);

  static of(rules: readonly HostRule[]): AllowedHosts {
    const blocks = rules.flatMap((rule) => ('block' in rule ? rule.block : []));
    return new AllowedHosts(rules, blocks.length > 0 ? isIn(blocks) : undefined);
  }

  private constructor(
    private readonly rules: readonly HostRule[],
    private readonly isAllowedAddress: ((address: string) => boolean) | undefined,
  ) {}

  refuses(url: string): boolean {
    const host = hostOf(url);
    if (this.allowsName(host)) return false;
    if (!this.isAllowedAddress) return true;
    if (LOCAL.test(host)) return !['127.0.0.1', '::1'].some(this.isAllowedAddress);
    return isIP(host) > 0 && !this.isAllowedAddress(host);
  }

  /** @param host as {@link hostOf} spells it */
  allows(host: string, address: string): boolean {
    return this.allowsName(host) || (this.isAllowedAddress?.(address) ?? false);
  }

  private allowsName(host: string): boolean {
    return this.rules.some((rule) => {
      if ('host' in rule) return rule.host === host;
      return 'domain' in rule && host.endsWith(`.${rule.domain}`);
    });
  }
}

/** Names that lead to this machine (RFC 6761 §6.3). */
const LOCAL = /(^|\.)localhost$/;

/** The host of a URL in one spelling: lower case, IPv4 addresses as four numbers, IPv6 addresses without brackets. */
export const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$|\.$/g, '');
