import { CALM, type Mix } from '../faults/mix.ts';
import type { Ground } from '../world/database/ground.ts';
import { APART } from '../world/shops.ts';
import { oneRun, type RunPlan, type RunReport } from './one-run.ts';

/**
 * The same buyers, told in three ways: every webhook in its time; none at all, so that only comparing with Stripe
 * brings the news (L3); and each one late, repeated and under second ids (B6). What became of every purchase, of the
 * books and of the stock has to be the same.
 * @returns the run that ended otherwise, as a failure; undefined when all three agree.
 */
export async function compareWays(
  ground: Ground,
  seed: number,
  purchases: number,
): Promise<{ plan: RunPlan; report: RunReport } | undefined> {
  // Enough stock for everyone: who gets the last seat is a race, and no two ways need to agree on a race.
  const shop = APART[seed % APART.length] ?? 0;
  const calm: Mix = { ...CALM, shop, nodes: 2, compares_min: 10, ways: ['page', 'booking', 'chat'] };
  // By comparing objects alone, or by asking for the events that never came.
  const fetches_min = seed % 4 < 2 ? null : 10;
  const noisy: Mix = {
    ...calm,
    rates: { ...calm.rates, webhook: 0.9 },
    faults: ['webhook_repeated', 'webhook_cloned', 'webhook_late', 'webhook_held', 'webhook_answer_lost'],
  };
  const ways: readonly [string, Mix][] = [
    ['with every webhook', calm],
    ['without any webhook', { ...calm, webhooks: 'none', fetches_min }],
    ['with webhooks late, twice and in disorder', noisy],
  ];
  let first: string | undefined;
  for (const [name, mix] of ways) {
    const plan: RunPlan = { seed, purchases, mix };
    const report = await oneRun(ground, plan);
    if (report.violations.length > 0) return { plan, report };
    first ??= report.outcome;
    if (report.outcome === first) continue;
    const invariant = mix.webhooks === 'none' ? 'L3' : 'B6';
    const sentence = `${name} it ended otherwise: ${difference(first, report.outcome)}`;
    return { plan, report: { ...report, violations: [{ invariant, sentence }] } };
  }
  return undefined;
}

function difference(before: string, after: string): string {
  const [left, right] = [before.split('\n'), after.split('\n')];
  const gone = left.filter((line) => !right.includes(line));
  const come = right.filter((line) => !left.includes(line));
  return `${gone.slice(0, 2).join(' | ')} became ${come.slice(0, 2).join(' | ')}`;
}
