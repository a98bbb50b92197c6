/**
 * The one way out to the network: a fetch-shaped function. Production hands in the real one, the simulation hands in
 * the sandbox's own handler, so the same code talks to either without a socket in between.
 */
export type Http = (request: Request, leaving?: Leaving) => Promise<Response>;

/**
 * Called at the last moment that this process decides about; what it throws keeps the bytes here and fails the call. To
 * connect comes after it, so what left in time may arrive a while later.
 */
export type Leaving = () => void;
