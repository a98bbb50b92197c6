import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, type Benchmark, eventBody, planFor } from '../driver/bench.ts';
import type { Child } from '../driver/children.ts';
import { brokenIn, differs } from '../driver/invariants.ts';
import { cpuOf, rssOf } from '../driver/process-times.ts';
import { median } from '../driver/rounds.ts';
import { answered, type LoadResult } from '../load/plan.ts';
import { emptyShop } from '../shop/loader.ts';
import { WEBHOOK_SECRET } from '../shop/wish.ts';
import { creating } from './b05-create.ts';
import { reference } from './reference.ts';

/** What Stripe allows an endpoint (docs.stripe.com/rate-limits), and what is asked of it. */
const PER_SECOND = 25;
const OFFERED = 200;
const WARM_UP_S = 5;

export const b11: Benchmark = {
  id: 'B11',
  title: `429 storm: Stripe takes ${PER_SECOND} checkouts a second, ${OFFERED} are offered`,
  async run(bench) {
    const seconds = Math.max(10, bench.slice_s * 5);
    const server = await bench.startShop({ within_stripe_limits: true, workers: ['inbox', 'timers'] });
    await bench.askStripe({ set: { per_second: PER_SECOND }, forget: true });
    const plan = { ...creating(bench, server).plan(), per_second: OFFERED, connections: 400 };
    // A storm meets a shop that runs, not one that was started just now.
    await bench.driver.run({ ...plan, seconds: WARM_UP_S, count_max: OFFERED * WARM_UP_S });
    await emptyShop(bench.ground.kassa);
    await bench.askStripe({ forget: true });
    const result = await bench.driver.run({ ...plan, seconds, count_max: OFFERED * seconds });
    const { sessions, refused } = await bench.askStripe({});
    const opened = answered(result, 200);
    const shared = { unit: ' ms', more: false };
    const { latency, refusal } = result;
    return {
      targets: [],
      figures: [
        { ...shared, what: 'p99 of the admitted', value: latency.p99_ms, floor: 2_000, goal: 1_000, moonshot: 1_000 },
        { ...shared, what: 'p99 of a refusal', value: refusal.p99_ms, floor: 200, goal: 50, moonshot: 20 },
      ],
      notes: [
        `${result.sent} offered in ${seconds} s: ${opened} opened, ${answered(result, 503)} told to come again, ` +
          `${result.broken} lost; Stripe refused ${refused} calls; half of the admitted within ${latency.p50_ms.toFixed(0)} ms, ` +
          `of the refused within ${refusal.p50_ms.toFixed(0)} ms`,
      ],
      broken: [...differs('sessions at Stripe and answers', sessions, opened), ...(await wrongIn(bench, result))],
    };
  },
};

/** Nothing is lost or doubled, and whoever is refused is told when to come again. */
async function wrongIn(bench: Bench, result: LoadResult): Promise<string[]> {
  const odd = Object.keys(result.statuses).filter((status) => !['200', '503', '429'].includes(status));
  return [
    ...odd.map((status) => `${result.statuses[status]} answers were ${status}: ${result.odd_answers[0]}`),
    ...(result.without_retry_after > 0 ? [`${result.without_retry_after} refusals named no Retry-After`] : []),
    ...(result.broken > 0 ? [`${result.broken} connections broke: ${result.odd_answers[0]}`] : []),
    ...(await brokenIn(bench.ground.kassa)),
  ];
}

const BUYERS = 1_000;
const TICKETS = 100;

export const b17: Benchmark = {
  id: 'B17',
  title: `${BUYERS} buyers of ${TICKETS} tickets, one row of stock`,
  async run(bench) {
    const { kassa: db } = bench.ground;
    const server = await bench.startShop();
    const r = await reference(bench);
    await r.prepare();
    await bench.driver.run(r.plan());
    await r.prepare();
    const inserts = await bench.driver.run(r.plan());
    await r.server.stop();
    const plan = creating(bench, server).plan();
    const body = (plan.body ?? '').replace('"seat"', '"hot"');
    await bench.driver.run({ ...plan, count_max: 500 });
    await emptyShop(db);
    const result = await bench.driver.run({ ...plan, body, count_max: BUYERS, seconds: 60, connections: 64 });
    const { rows } = await db.query<{ held: number }>(
      "select held from kassa.stock join kassa.offers on offers.id = offer_id where key = 'hot'",
    );
    const rate = answered(result, 200) / result.elapsed_s;
    const told = Object.entries(result.statuses).map(([status, count]) => `${count} times ${status}`);
    const of_r = rate / (inserts.sent / inserts.elapsed_s);
    return {
      targets: [],
      figures: [
        { what: 'tickets a second / R', value: of_r, unit: '', more: true, floor: 0, goal: 0.3, moonshot: 0.7 },
      ],
      notes: [
        `sold exactly ${TICKETS}: of ${result.sent} buyers were answered ${told.join(', ')}`,
        `${rate.toFixed(0)} tickets/s and ${(result.sent / result.elapsed_s).toFixed(0)} answers/s over the whole rush, those who ` +
          'came too late with it; B5 is the same row as long as there are tickets',
      ],
      broken: [
        ...differs('tickets held and tickets there were', rows[0]?.held ?? 0, TICKETS),
        ...differs('tickets held and buyers who were told so', answered(result, 200), TICKETS),
        ...(await brokenIn(db)),
      ],
    };
  },
};

const SAMPLE_EVERY_MS = 100;
const STARTS = 3;
/** Idle is a server that nobody asks anything, not one that has just been started. */
const IDLE_AFTER_MS = 5_000;

export const b12: Benchmark = {
  id: 'B12',
  title: 'memory of the shop, idle and under ingest; B13: from start to the first answer',
  async run(bench) {
    // The first start writes the catalogue, and what it compiled; the next ones are those of every day.
    await (await bench.startShop()).stop();
    const starts: { readonly shop: number; readonly reference: number }[] = [];
    for (let time = 0; time < STARTS; time += 1) {
      const reference = await bench.startReference();
      await reference.stop();
      const shop = await bench.startShop();
      await shop.stop();
      starts.push({ shop: shop.ready_ms, reference: reference.ready_ms });
    }
    const server = await bench.startShop();
    await sleep(IDLE_AFTER_MS);
    const idle = rssOf(server.pid);
    const start_ms = ((cpuOf(server.pid) ?? 0) / 1_000).toFixed(0);
    const peak = await peakDuring(server, () =>
      bench.driver.run(
        planFor(bench, server, { path: '/webhook', body: eventBody(), sign_with: WEBHOOK_SECRET, seconds: 10 }),
      ),
    );
    const started = median(starts.map(({ shop, reference }) => shop / reference));
    const shared = { unit: ' MB', more: false };
    return {
      targets: [],
      figures: [
        { ...shared, what: 'RSS idle', value: idle, floor: 150, goal: 100, moonshot: 85 },
        { ...shared, what: 'RSS peak', value: peak, floor: 300, goal: 200, moonshot: 160 },
        { what: 'B13: start / R', value: started, unit: 'x', more: false, floor: 5, goal: 3, moonshot: 2 },
      ],
      notes: [
        `listening after ${starts.map(({ shop }) => shop.toFixed(0)).join(', ')} ms, ` +
          `R after ${starts.map(({ reference }) => reference.toFixed(0)).join(', ')} ms; CPU of a start ${start_ms} ms`,
      ],
      broken: [],
    };
  },
};

async function peakDuring(server: Child, work: () => Promise<unknown>): Promise<number | null> {
  let peak = rssOf(server.pid);
  const sample = setInterval(() => {
    peak = Math.max(peak ?? 0, rssOf(server.pid) ?? 0);
  }, SAMPLE_EVERY_MS);
  await work();
  clearInterval(sample);
  return peak;
}
