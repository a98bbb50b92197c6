/** Longest text of an IP address, IPv4 inside IPv6 included. */
const ADDRESS_LENGTH_MAX = 45;
const ADDRESS = /^[0-9a-f:.]+$/;

/**
 * The address that limits count by. Without proxies of our own it is the socket's; with `hops` of them it is the entry
 * that our outermost proxy appended to `X-Forwarded-For`, counted from the right, because everything further left is
 * the caller's own invention. IPv6 callers own a whole /64, so that is what counts for them.
 */
export function callerAddress(socket_ip: string, forwarded_for: string | undefined, hops: number): string {
  const entries = hops > 0 ? (forwarded_for ?? '').split(',') : [];
  const claimed = entries.at(-hops)?.trim().toLowerCase() ?? '';
  const believable = entries.length >= hops && claimed.length <= ADDRESS_LENGTH_MAX && ADDRESS.test(claimed);
  return networkOf(hops > 0 && believable ? claimed : socket_ip.toLowerCase());
}

function networkOf(address: string): string {
  const mapped = /^::ffff:([0-9.]+)$/.exec(address)?.[1];
  if (mapped) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...Array.from({ length: gap }, () => '0'), ...back];
  const network = groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ''));
  return `${network.join(':')}::/64`;
}

/** True for an address of this very machine. */
export function isLoopback(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, '');
  return plain === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(plain);
}
