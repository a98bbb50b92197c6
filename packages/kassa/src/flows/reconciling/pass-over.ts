import { GatewayFailure, type Listing } from '../../domain/payments/index.ts';
import { keepCursor, type ListKind, readCursorOf, setUpAt } from '../../domain/proof/index.ts';
import type { House } from '../house.ts';

/** One list at Stripe, and what is done with each page of it. */
export interface List<Item> {
  readonly kind: ListKind;
  /** How far a pass looks back beyond what was reached. Default: `SKEW_MS`. */
  readonly overlap_ms?: number;
  /** What is reached once a pass is through, by its first page. Default: the moment by our clock at which it began. */
  readonly reaches?: (first_page: readonly Item[]) => Date | undefined;
  /** Newest first, as Stripe lists. */
  readonly page: (filter: { created_from: Date; after?: string }) => Promise<Listing<Item>>;
  readonly compare: (items: readonly Item[]) => Promise<void>;
}

/** How far Stripe's clock may be behind ours. Beyond five minutes no webhook is accepted, so this must see further. */
export const SKEW_MS = 3_600_000;
const FIRST_LOOK_MAX_MS = 30 * 24 * 3_600_000;

/**
 * Goes through a list from now back to where the last whole pass began, the first time to where the shop was set up or
 * thirty days, and further back when `since` says so. A pass that was cut off, by a crash or because the share of the
 * rate limit was used up, goes on behind the last page that was compared, once it looks back as far as is wanted now;
 * what was made since it began is the next pass's. So a backlog of any length is worked off, and no page is lost.
 * @param since looks back as far as this, if the last pass did not begin earlier. Absent: as far as that one.
 * @returns when this pass began, maybe in an earlier round; for a list with `reaches`, what it says.
 * @throws GatewayFailure, KassaError when Stripe cannot be asked; what was compared until then is kept.
 */
export async function passOver<Item>(house: House, list: List<Item>, since?: Date): Promise<Date> {
  const { db, shop, clock } = house;
  const { kind, overlap_ms = SKEW_MS } = list;
  const { reached_at, pass } = await readCursorOf(db, shop, kind);
  const began = clock.now();
  const last = reached_at ?? (await firstLook(house, began));
  const wanted_ms = Math.min(last.getTime(), (since ?? last).getTime()) - overlap_ms;
  const goes_on = pass !== null && pass.from.getTime() <= wanted_ms;
  const from = goes_on ? pass.from : new Date(wanted_ms);
  let reaching = goes_on ? pass.started_at : undefined;
  let after = goes_on ? pass.after : undefined;
  do {
    const page = await nextPage(house, list, { created_from: from, ...(after === undefined ? {} : { after }) });
    reaching ??= list.reaches === undefined ? began : (list.reaches(page.items) ?? reached_at ?? from);
    await list.compare(page.items);
    after = page.next;
    const at = clock.now();
    const under_way = after === undefined ? null : { from, started_at: reaching, after };
    const whole = under_way ? { reached_at, since_at: null } : { reached_at: reaching, since_at: from };
    await keepCursor(db, shop, kind, { ...whole, pass: under_way, at });
  } while (after !== undefined);
  return reaching;
}

/**
 * The very first pass may come late: nobody has looked yet at what was taken since the shop was set up. No longer ago
 * than a deep round looks: a list that is new to a shop of years would hold up everything else for hours.
 */
async function firstLook({ db, shop }: House, began: Date): Promise<Date> {
  const earliest = began.getTime() - FIRST_LOOK_MAX_MS;
  const set_up = (await setUpAt(db, shop)).getTime();
  // A clock that was ahead then must not hide what is made until it comes true.
  return new Date(Math.max(earliest, Math.min(set_up, began.getTime())));
}

async function nextPage<Item>(
  { db, shop, clock }: House,
  { kind, page }: List<Item>,
  filter: { created_from: Date; after?: string },
): Promise<Listing<Item>> {
  try {
    return await page(filter);
  } catch (error) {
    const forgotten = error instanceof GatewayFailure && error.kind === 'refused' && filter.after !== undefined;
    // Stripe forgets events after a month: a pass that can go on nowhere begins anew in the next round.
    if (forgotten) {
      const { reached_at } = await readCursorOf(db, shop, kind);
      await keepCursor(db, shop, kind, { reached_at, since_at: null, pass: null, at: clock.now() });
    }
    throw error;
  }
}
