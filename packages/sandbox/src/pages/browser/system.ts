// The one place of the browser code that touches timers and the network.

/** Runs `work` once after `ms` milliseconds. */
export function later(ms: number, work: () => void): void {
  window.setTimeout(work, ms);
}

/** Resolves after `ms` milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => later(ms, resolve));
}

/** A call over the network. */
export function ask(address: string, how: RequestInit = {}): Promise<Response> {
  return window.fetch(address, how);
}
