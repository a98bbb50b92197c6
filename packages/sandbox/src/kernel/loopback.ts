/** `localhost`, `shop.localhost`, `127.x.y.z`, `[::1]`: names that no name server can point elsewhere. */
const LOOPBACK = /^(?:127(?:\.[0-9]{1,3}){3}|localhost|(?:[a-z0-9-]+\.)+localhost|\[::1\])$/;

/** Is this the name of this machine, as `new URL(…).hostname` writes it? The whole of it: `127.evil.example` is not. */
export function isLoopbackName(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}

/** A `Host` header. A page elsewhere that gets its own name to point here brings that name along (DNS rebinding). */
export function isLoopbackHost(header: string | undefined): boolean {
  if (header === undefined || !URL.canParse(`http://${header}`)) return false;
  return isLoopbackName(new URL(`http://${header}`).hostname);
}

/** An `Origin` header. `null`, which files and sandboxed frames send, is nobody's. */
export function isLoopbackOrigin(origin: string): boolean {
  if (!/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  return url.origin === origin && isLoopbackName(url.hostname);
}
