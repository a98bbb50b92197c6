import { openPage, payOn } from '../../src/cli/try/hosted-page.ts';
import type { Random } from '../../src/kernel/random.ts';
import { realClock } from '../setup/world.ts';

export interface Hall {
  readonly url: string;
  readonly return_url: string;
  /** Whether the server is still being killed. As long as it is, nobody's patience ends. */
  dying(): boolean;
}

const PAUSE_MS = 60;
/** So often once the kills are over: a key whose last holder was killed is busy for a quarter of a minute. */
const TRIES_MAX = 1_500;
const CARD = { card_number: '4242424242424242', card_expiry: '12/34', card_cvc: '123' };
const DECLINED = { ...CARD, card_number: '4000000000000002' };

/** Asks again until somebody answers: the server is killed under the buyer's hands again and again. */
async function untilDone<T>(hall: Hall, what: string, step: () => Promise<T | undefined>): Promise<T> {
  let last: unknown = 'no answer';
  for (let tries = 0; tries < TRIES_MAX; tries += hall.dying() ? 0 : 1) {
    try {
      const answer = await step();
      if (answer !== undefined) return answer;
    } catch (error) {
      // A dead server is what this is about; only the end of all patience is a failure.
      last = error;
    }
    await realClock.sleep(PAUSE_MS);
  }
  throw new Error(`nobody would ${what}`, { cause: last });
}

/** One buyer, as a page behaves: one key for one wish, kept over every repeat. Some decline first, some never pay. */
export async function buyer(hall: Hall, number: number, random: Random): Promise<'paid' | 'gone'> {
  const key = `buyer-${number}-${Buffer.from(random.bytes(12)).toString('hex')}`;
  const quantity = 1 + random.below(3);
  const headers = {
    'Content-Type': 'application/json',
    'Idempotency-Key': key,
    // Every buyer has an address of their own, as behind a proxy.
    'X-Forwarded-For': `10.${number >> 8}.${number & 255}.7`,
  };
  const body = JSON.stringify({ offer: 'seat', quantity, success_url: hall.return_url });
  const url = await untilDone(hall, 'open a checkout', async () => {
    const answer = await fetch(`${hall.url}/api/payments/v1/checkout/session`, { method: 'POST', headers, body });
    const opened = (await answer.json()) as { url?: string };
    if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(opened)}`);
    return opened.url;
  });
  if (random.below(10) === 0) return 'gone';
  const email = `buyer${number}@example.com`;
  let card = random.below(5) === 0 ? DECLINED : CARD;
  await untilDone(hall, 'take the money', async () => {
    const page = await (await fetch(url)).text();
    // The page of a session that is paid already has no form: the answer to the last press was lost.
    if (!page.includes('id="pay"')) return true;
    const answer = await payOn(
      (request) => fetch(request, { redirect: 'manual' }),
      await openPage((request) => fetch(request), url),
      {
        ...card,
        email,
        name: 'Ann Buyer',
      },
    );
    card = CARD;
    return answer.next === null ? undefined : true;
  });
  return 'paid';
}
