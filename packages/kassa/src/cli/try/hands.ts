import type { World } from '../../app.ts';
import type { Settings } from '../../config.ts';
import type { Printer } from '../printer.ts';

/** What a buyer through any contract has in hand: where the shop is, who they are there, and how they pay. */
export interface Hands {
  readonly url: string;
  readonly world: World;
  readonly printer: Printer;
  /** What is sold there. */
  readonly settings: Settings;
  /** The sandbox's address, for whoever pays as Stripe's own browser library does. */
  readonly sandbox_url: string;
  /** A buyer of our own invention, signed in. */
  token(): string;
  /** A key of an agent's server. */
  key(): Promise<string>;
  /** The person at a form of Stripe's that stands in a page. @throws Error when the payment is not taken. */
  payForm(session_id: string): Promise<void>;
}

/** Whom the receipts go to. */
export const BUYER = { email: 'ann@example.com', name: 'Ann' };
/** Any key of this form opens the sandbox's browser door; the client secret is what proves the payment. */
export const SANDBOX_KEY = 'pk_test_sandbox_command_line';

/** The control of a sandbox that runs elsewhere on this computer: its person pays. */
export function payElsewhere(world: World, sandbox_url: string, token: string | null) {
  return async (session_id: string): Promise<void> => {
    const headers = {
      'Content-Type': 'application/json',
      'X-Sandbox-Control': '1',
      ...(token === null ? {} : { 'X-Sandbox-Token': token }),
    };
    const body = JSON.stringify({ outcome: 'pays', ...BUYER });
    const address = new URL(`/_sandbox/sessions/${session_id}/pay`, sandbox_url);
    const answer = await world.http(new Request(address, { method: 'POST', headers, body }));
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`the sandbox answered ${answer.status}: ${text.slice(0, 200)}`);
  };
}
