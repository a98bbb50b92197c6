/**
 * The one way out to the network: a fetch-shaped function. Production hands in the real one, the simulation hands in
 * the sandbox's own handler, so the same code talks to either without a socket in between.
 */
export type Http = (request: Request, leaving?: Leaving) => Promise<Response>;

/** Called at the last moment before the bytes leave; what it throws keeps them here and fails the call. */
export type Leaving = () => void;
