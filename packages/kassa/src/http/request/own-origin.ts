import type { HttpSettings } from '../house.ts';

const LOOPBACK_HOST = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/;

/**
 * The origin under which this shop was called, such as `https://tickets.shop.example`, for addresses of Kassa's own
 * making. The host of the request counts only when it is one of the shop's names (in test mode: or this computer), so
 * that nobody's invention becomes the place to which buyers are sent; otherwise it is the shop's first name.
 */
export function ownOrigin(
  request_url: string,
  { hosts, origins, mode }: Pick<HttpSettings, 'hosts' | 'origins' | 'mode'>,
): string {
  const { host, hostname } = new URL(request_url);
  const own = origins.find((origin) => new URL(origin).host === host);
  if (own !== undefined) return own;
  if (mode !== 'live' && LOOPBACK_HOST.test(hostname)) return `http://${host}`;
  const [first] = hosts;
  if (hosts.includes(hostname)) return `https://${host}`;
  return first === undefined ? (origins[0] ?? '') : `https://${first}`;
}
