import { BlockList, isIP } from 'node:net';

/** A CIDR block; of a single address, with all its bits. */
export interface AddressBlock {
  readonly address: string;
  readonly prefix: number;
}

/** @returns the block, or undefined if the text is neither a CIDR block nor an address */
export function parseBlock(text: string): AddressBlock | undefined {
  const [, address = '', prefix] = /^([\da-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0) return undefined;
  const bits = family === 4 ? 32 : 128;
  const given = prefix === undefined ? bits : Number(prefix);
  return given <= bits ? { address, prefix: given } : undefined;
}

/** Whether an address lies in one of the blocks. An IPv4 address that is mapped to IPv6 is the IPv4 address. */
export function isIn(blocks: readonly AddressBlock[]): (address: string) => boolean {
  const list = new BlockList();
  for (const { address, prefix } of blocks) list.addSubnet(address, prefix, familyOf(address));
  return (address) => list.check(address, familyOf(address));
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

const isInAny = (...blocks: readonly string[]) => isIn(blocks.flatMap((block) => parseBlock(block) ?? []));

/** IPv4 addresses that are not public, most of them by IANA's registry of special-purpose addresses. */
const isSpecialV4 = isInAny(
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // behind a carrier's NAT
  '127.0.0.0/8', // loopback
  '168.63.129.16', // the host of a virtual machine in Azure
  '169.254.0.0/16', // link-local, with the metadata of most clouds at 169.254.169.254
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // relays to IPv6 that are no more
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
);
/** Outside lie loopback, unique-local, link-local and multicast addresses. */
const isGlobalV6 = isInAny('2000::/3');
const isSpecialV6 = isInAny(
  '2001::/23', // protocol assignments, among them tunnels to any IPv4 address
  '2001:db8::/32', // documentation
  '2002::/16', // tunnels to any IPv4 address
  '3fff::/20', // documentation
);
/** An IPv4 address in its last four bytes: as a socket shows it, and as a network without IPv4 translates it. */
const isEmbeddedV4 = isInAny('::ffff:0:0/96', '64:ff9b::/96');

/** Whether an address is one of the public Internet, and not of a machine or the network around it. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !isSpecialV4(address);
  if (isEmbeddedV4(address)) return !isSpecialV4(lastFourBytes(address));
  return isGlobalV6(address) && !isSpecialV6(address);
}

function lastFourBytes(address: string): string {
  // The URL parser writes every spelling in one way: `::ffff:7f00:1`.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':');
  const [high = 0, low = 0] = groups.slice(-2).map((group) => Number.parseInt(group || '0', 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
