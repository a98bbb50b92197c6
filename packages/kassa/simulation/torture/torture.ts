import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { checkHooks } from '../../src/config/hooks.ts';
import { defineStandIns, type StandIns } from '../../src/config/stand-ins.ts';
import { loadConfig, readSettings } from '../../src/config.ts';
import { syncCatalog } from '../../src/flows/sync-catalog.ts';
import { idsFrom } from '../../src/kernel/ids.ts';
import { diceOf } from '../engine/dice.ts';
import { elapsedMs } from '../engine/real.ts';
import { START_MS } from '../engine/start.ts';
import { EXIT_GOOD, EXIT_VIOLATION, EXIT_WRONG_USE } from '../options.ts';
import { type Ground, openGround } from '../world/database/ground.ts';
import type { TortureOptions } from './options.ts';
import type { OnSale } from './orders.ts';
import { NoJudgement, type Played, playSchedule, type Stage } from './play.ts';
import { shrink } from './shrink.ts';
import { failureLines, goodLine, replayLine, tellFindings } from './tell.ts';
import { openOutside } from './world/outside.ts';
import { openOwnTables } from './world/own-tables.ts';

export interface Printer {
  line(text: string): void;
  /** Whether somebody asked for the end: then no further schedule begins. */
  enough(): boolean;
}

const TELL_EVERY_MS = 10_000;
const ORDERS_MAX = 3;

/** Plays what was asked for and answers the exit code: 0 nothing found, 1 something, 2 there is nothing to judge. */
export async function torture(options: TortureOptions, printer: Printer): Promise<number> {
  const ground = await openGround({ server_url: options.server_url, ddl: [] });
  try {
    const stage = await openStage(ground, options);
    return await series(stage, options, printer);
  } catch (error) {
    if (!(error instanceof NoJudgement)) throw error;
    const sentence = `${error.message}.`;
    printer.line(options.json ? JSON.stringify({ what: 'no_judgement', sentence }) : sentence);
    return EXIT_WRONG_USE;
  } finally {
    await ground.close();
  }
}

async function openStage(ground: Ground, options: TortureOptions): Promise<Stage> {
  const outside = openOutside();
  // Whatever the hooks keep of the world when they are loaded has to be the receiver's already.
  outside.openFetch();
  const loaded = await loadConfig(options.config);
  const settings = readSettings(loaded.config, {}, { folder: options.config, file: loaded.file });
  const { on } = checkHooks(await defaultOf(options.hooks_file, 'defineHooks(config, { … })'));
  const stand_ins = await standInsOf(options);
  stand_ins.connect?.((one) => outside.effect(one));
  const clock = { now: () => new Date(START_MS), sleep: () => Promise.resolve() };
  const ids = idsFrom(clock, diceOf('catalogue'));
  const { offers, practitioners, tax_rates, coupons } = settings;
  const tenant = { key: 'shop', name: 'The shop', hosts: [], origins: [] };
  const written = { tenant, mode: 'test', offers, practitioners, tax_rates, coupons } as const;
  const shop = await syncCatalog({ db: ground.db, clock, ids }, written);
  const shelf = await ground.ask<OnSale>(
    `select offer.id as offer_id, offer.name, price.currency,
       coalesce(price.unit_minor, price.minimum_minor)::int as unit_minor
     from kassa.offers offer join kassa.prices price on price.offer_id = offer.id where offer.active
     order by offer.key, price.currency`,
  );
  if (shelf.length === 0) throw new NoJudgement('the configuration sells nothing');
  if (Object.keys(on).length === 0) throw new NoJudgement('the file has no hooks under on');
  const schema = options.schema_file === null ? null : readFileSync(options.schema_file, 'utf8');
  const own_tables = await openOwnTables(ground, schema);
  return { ground, outside, own_tables, shop, shelf, settings, on, stand_ins, calm: new Map() };
}

async function standInsOf({ stand_ins_file }: TortureOptions): Promise<StandIns> {
  if (stand_ins_file === null) return {};
  return defineStandIns((await defaultOf(stand_ins_file, 'defineStandIns({ … })')) as StandIns);
}

async function defaultOf(file: string, wanted: string): Promise<unknown> {
  const loaded: unknown = await import(pathToFileURL(file).href);
  if (typeof loaded === 'object' && loaded !== null && 'default' in loaded) return loaded.default;
  throw new NoJudgement(`${file} has no default export: write export default ${wanted}`);
}

async function series(stage: Stage, options: TortureOptions, printer: Printer): Promise<number> {
  const began_ms = elapsedMs();
  let told_ms = began_ms;
  const sums = { schedules: 0, blows: 0, effects: 0 };
  const { from, to } = options.seeds;
  for (let seed = from; seed <= to && !printer.enough(); seed += 1) {
    if (options.minutes !== null && elapsedMs() - began_ms > options.minutes * 60_000) break;
    const orders = options.orders ?? diceOf(`${seed}/orders`).between(1, ORDERS_MAX);
    const played = await playSchedule(stage, { seed, orders, blows: options.schedule });
    sums.schedules += 1;
    sums.blows += played.struck.length;
    sums.effects += played.effects;
    if (played.findings.length > 0) return tellFailure(stage, options, printer, { played, ...sums });
    if (elapsedMs() - told_ms > TELL_EVERY_MS) {
      told_ms = elapsedMs();
      const so_far = `so far ${sums.schedules} schedules, the last of seed ${seed}`;
      printer.line(options.json ? JSON.stringify({ what: 'progress', seed, ...sums }) : so_far);
    }
  }
  const { schedules, effects } = sums;
  if (schedules > 0 && effects === 0) throw new NoJudgement(NOTHING_SEEN);
  const took_ms = Math.round(elapsedMs() - began_ms);
  const seeds = { from, to: from + schedules - 1 };
  if (options.json) printer.line(JSON.stringify({ what: 'done', seeds, ...sums, took_ms }));
  else {
    printer.line(goodLine(options, sums));
    printer.line(`seeds ${seeds.from}..${seeds.to} in ${Math.round(took_ms / 1000)} s`);
  }
  return EXIT_GOOD;
}

const NOTHING_SEEN =
  'nothing that the hooks did was seen: they are watched through fetch, through commit (name your tables with' +
  ' --schema), and through what kassa.stand-ins.ts connects';

async function tellFailure(
  stage: Stage,
  options: TortureOptions,
  printer: Printer,
  { played, ...sums }: { played: Played; schedules: number; blows: number; effects: number },
): Promise<number> {
  const small = options.schedule === null ? await shrink(stage, played) : played;
  if (options.json) {
    const { plan, struck, story } = small;
    const { seed, orders } = plan;
    const findings = tellFindings(small);
    const replay = replayLine(options, small);
    printer.line(JSON.stringify({ what: 'failed', ...sums, seed, orders, findings, struck, story, replay }));
  } else {
    for (const line of failureLines(options, small)) printer.line(line);
    printer.line(`found in schedule ${sums.schedules}`);
  }
  return EXIT_VIOLATION;
}
