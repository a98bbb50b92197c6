/**
 * The one way out to the network: a fetch-shaped function. Production hands in the real one, the simulation hands in
 * the sandbox's own handler, so the same code talks to either without a socket in between.
 */
export interface Http {
  (request: Request, leaving?: Leaving): Promise<Response>;
  /**
   * The same for a text and its answer, without the objects of the web in between; only the real network offers it.
   * @throws whatever the network says, and when no whole answer came in time: then it may have had its effect.
   */
  readonly post?: (call: PlainPost, leaving?: Leaving) => Promise<PlainAnswer>;
}

export interface PlainPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From the call to the last byte that comes. */
  readonly timeout_ms: number;
}

export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * Called at the last moment that this process decides about; what it throws keeps the bytes here and fails the call. To
 * connect comes after it, so what left in time may arrive a while later.
 */
export type Leaving = () => void;
