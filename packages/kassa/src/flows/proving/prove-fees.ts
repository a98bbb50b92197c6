import { postedUnder, readCursorOf } from '../../domain/proof/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { feesOf, type OwnFee } from './fees-of.ts';
import { everyPage, moneyWords, type Proof } from './proof.ts';

/** The last comparison may have looked while a movement was being made. */
const SKEW_MS = 3_600_000;

/**
 * Holds what Stripe charged for our payments against the books, as far back as it has been compared: a fee is booked by
 * the next wide round, so a younger one is nobody's mistake. One that is older than the first comparison is counted
 * apart: nobody booked fees then, and nobody ever will.
 */
export async function proveFees(proof: Proof): Promise<void> {
  const { house, period, counts } = proof;
  const { reached_at, since_at } = await readCursorOf(house.db, house.shop, 'fees');
  if (reached_at === null) return;
  const to = Math.min(period.to.getTime(), reached_at.getTime() - SKEW_MS);
  // Stripe lists by whole seconds, both ends included.
  const since = since_at === null ? 0 : Math.floor(since_at.getTime() / 1000) * 1000;
  await eachFee(proof, { from: period.from.getTime(), to: Math.min(to, since - 1) }, (found, posted) => {
    if (posted) hold(proof, found, posted);
    else counts.fees_before += 1;
  });
  await eachFee(proof, { from: Math.max(period.from.getTime(), since), to }, (found, posted) => {
    counts.fees += 1;
    hold(proof, found, posted);
  });
}

interface Posted {
  readonly currency: string;
  readonly amount_minor: number;
}

async function eachFee(
  { house }: Proof,
  { from, to }: { readonly from: number; readonly to: number },
  judge: (found: OwnFee, posted: Posted | undefined) => void,
): Promise<void> {
  if (to <= from) return;
  const window = { created_from: new Date(from), created_to: new Date(to) };
  const pages = everyPage((after) => house.gateway.listFees({ ...window, ...(after ? { after } : {}) }));
  for await (const page of pages) {
    const ours = await feesOf(house, page);
    const causes = ours.map(({ cause }) => cause);
    const posted = await postedUnder(house.db, house.shop, { causes, account: 'fees' });
    for (const found of ours) judge(found, posted.get(found.cause));
  }
}

function hold({ unexplained }: Proof, { fee, order_id }: OwnFee, booked: Posted | undefined): void {
  const { movement_id: object_id, fee_minor, currency } = fee;
  if (booked?.amount_minor === fee_minor && booked.currency === currency) return;
  const took = `Stripe took ${moneyWords(fee_minor, currency)} for ${toTypeId('ord', order_id)} (${object_id})`;
  unexplained.push({
    ...{ object_id, order_id, kind: booked ? 'fee_differs' : 'fee_not_in_books' },
    sentence: `${took}, and the books say ${booked ? moneyWords(booked.amount_minor, booked.currency) : 'nothing'}`,
    cure: booked
      ? 'Somebody wrote into the books: compare with the last backup'
      : 'the comparison of the next day books it; if it does not, kassa doctor',
  });
}
