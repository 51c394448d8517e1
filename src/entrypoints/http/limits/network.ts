import ipaddr from 'ipaddr.js';

/** How much of an IPv6 address a network provider gives to one customer, in groups of 16 bits. */
const CUSTOMER_GROUPS = 4;

/**
 * Who counts as one by address: an IPv4 address, also where IPv6 wraps it, and the /64 of an IPv6 address, in which a
 * customer may choose any.
 *
 * @param address as a request has it
 */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const groups = parsed.parts.slice(0, CUSTOMER_GROUPS).map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}
