import type { Sandbox } from '@kassa/sandbox';
import type { BuiltHouse } from '../../src/house-of.ts';
import { sendBanks } from '../actors/bank.ts';
import { sendBuyer } from '../actors/buyer.ts';
import { sendClockmaker } from '../actors/clockmaker.ts';
import { sendDesk } from '../actors/desk.ts';
import { sendMerchant } from '../actors/merchant.ts';
import { sendPastKassa } from '../actors/past-kassa.ts';
import { type Does, regularsOf } from '../actors/plan.ts';
import type { DEEDS } from '../faults/kinds.ts';
import { shopOf } from '../world/shops.ts';
import { type HouseParts, writeCatalogue } from '../world/stand-up.ts';
import type { Core } from './world.ts';

/** Sends everybody in. */
export function openStreet(
  core: Core & { readonly parts: HouseParts; readonly sandbox: Sandbox },
  purchases: number,
): void {
  const { plan, scheduler, faults, nodes, evidence, touched, tell, dice, parts, sandbox } = core;
  const { seed, mix } = plan;
  for (const node of nodes) node.start();
  const well = mix.rates.http === 0 && mix.rates.clock === 0 && mix.outages.length === 0;
  const stripe_is_well = well && mix.haste === 0;
  const does: Does = (own, fault) => {
    const does_it = own.chance(mix.rates.buyer) && mix.faults.includes(fault);
    if (does_it) faults.note(fault, 'plan');
    return does_it;
  };
  const street = {
    stripe_is_well,
    seed,
    scheduler,
    sandbox,
    nodes,
    evidence,
    touched,
    tell,
    count: (deed: keyof typeof DEEDS, who: string) => faults.note(deed, who),
    reprice: async ({ house }: BuiltHouse) => {
      parts.shelf.repriced = true;
      await writeCatalogue(parts, house);
    },
    shelf: { offers: undefined },
  };
  const { coupons, apart, gives_in } = shopOf(mix.shop, plan.shares);
  const { without = [] } = mix;
  const comes = (name: string): boolean => !without.includes(name);
  const guests = Array.from({ length: purchases }, (_, at) => ({
    name: `buyer_${at + 1}`,
    number: at + 1,
    apart,
    coupons,
    shares: plan.shares,
    ways: mix.ways,
    seed,
    without,
  }));
  const people = apart ? guests.map(({ name }) => name) : regularsOf(plan.shares);
  if (comes('desk'))
    sendDesk(street, { presents: gives_in === null ? null : { currency: gives_in, people }, refunds: !apart });
  for (const guest of guests.filter(({ name }) => comes(name))) sendBuyer(street, does, guest);
  if (comes('merchant')) sendMerchant(street, { reprices: mix.reprices && !apart });
  if (comes('past_kassa')) sendPastKassa(street, { payments: mix.past_kassa, edits: mix.edits });
  if (comes('banks')) sendBanks(street, mix.disputes);
  if (comes('clockmaker')) sendClockmaker(scheduler, faults, nodes, dice);
}
