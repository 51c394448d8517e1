import { isIP } from 'node:net';

/**
 * The address from which a client called. Each proxy adds to `X-Forwarded-For` whom it was called by, so the last entries
 * are those of the proxies in front; what stands before them may be made up.
 *
 * @param connection the other end of the connection
 * @param forwardedFor the header, its copies joined
 * @param proxies how many proxies in front are believed; where not all of them have added an address, the connection counts
 */
export function clientAddress(connection: string, forwardedFor: string | undefined, proxies: number): string {
  const told = proxies > 0 ? forwardedFor?.split(',').at(-proxies) : undefined;
  return (told && plainAddress(told)) || plainAddress(connection) || connection;
}

/** @returns the address without a port, an IPv4 address as such where IPv6 wraps it; undefined if it is none */
function plainAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const address = /^\[(.+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  if (isIP(address) === 0) return undefined;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
