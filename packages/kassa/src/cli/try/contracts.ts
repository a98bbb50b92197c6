import type { Printer } from '../printer.ts';
import { bookOnce } from './book.ts';
import { buyOnce } from './buy.ts';
import { buyInChat } from './chat.ts';
import { buyEmbedded, buyTicket } from './forms.ts';
import { type Hands, SANDBOX_KEY } from './hands.ts';

/** One purchase through each contract, over HTTP and nothing else. Each throws Exit 1 at its first bad step. */
const JOURNEYS: Readonly<Record<string, (hands: Hands) => Promise<void>>> = {
  'hosted-checkout': ({ url, sandbox_url, world, printer }) => buyOnce({ url, sandbox_url, world, printer }),
  'ticket-order': buyTicket,
  'booking-checkout': book,
  'chat-payments': buyInChat,
  'embedded-checkout': buyEmbedded,
};
export const CONTRACTS = Object.keys(JOURNEYS);

/** Buys once through each of these contracts, in this order. */
export async function buyThrough(contracts: readonly string[], hands: Hands): Promise<void> {
  for (const contract of contracts) {
    if (contracts.length > 1) heading(hands.printer, contract);
    await JOURNEYS[contract]?.(hands);
  }
}

function heading(printer: Printer, contract: string): void {
  printer.say(`\n${contract}`, { what: 'contract', contract });
}

async function book({ url, settings, sandbox_url, world, printer, token }: Hands): Promise<void> {
  const offer = settings.offers.find(({ kind }) => kind === 'appointment');
  if (!offer) throw new Error('this shop sells no appointment');
  const stripe = { origin: sandbox_url, publishable_key: SANDBOX_KEY };
  await bookOnce({ url, token: token(), checkout_type: 'single_session', offer, stripe, world, printer });
}
