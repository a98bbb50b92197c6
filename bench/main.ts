// `npm run bench`: all benchmarks that fit this computer. `npm run bench -- B1 B5 --rounds 5 --slice 2`: some of them.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Wishes, withBench } from './driver/bench.ts';
import { loadNow } from './driver/process-times.ts';
import { compareBlocks } from './report/compare.ts';
import { keepProfile, writeProfile } from './report/profile.ts';
import { publish } from './report/published.ts';
import { type Block, commitNow, isBroken, lastRunOf, machine, type Run, readRun, writeRun } from './report/results.ts';
import { drawBlock } from './report/table.ts';
import { BENCHMARKS } from './targets/index.ts';

const LOAD_MAX = 0.5;
const SIZES: Readonly<Record<string, number>> = { '1k': 1_000, '100k': 100_000, '1m': 1_000_000, '10m': 10_000_000 };

const USAGE = `npm run bench -- [B1 B5 …] [options]      measures, checks the books afterwards, writes bench/results/

  --rounds <n>         slices of each target, in turns (5)
  --slice <s>          seconds of one slice (2)
  --connections <n>    how many ask at once (32)
  --size <size>        orders that are there before: ${Object.keys(SIZES).join(', ')} (1k)
  --peers <folder>     programs of others, set up as bench/README.md says
  --noisy              measure on a busy computer too; publish nothing of it
  --publish            keep the figures in bench/figures.jsonl and write PERFORMANCE.md
  --profile            also write where the time of Kassa's process went, and that of its database; with --publish, of
                       one benchmark: keep that in bench/profiles, and no figure, because looking costs time itself
  --list               the benchmarks
  --compare <a> <b>    two files of bench/results

Exit 0: nothing was broken, however fast it was; 1: something was; 2: asked for what is not there, or a busy computer.`;

const OPTIONS = {
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    slice: { type: 'string', default: '2' },
    connections: { type: 'string', default: '32' },
    size: { type: 'string', default: '1k' },
    peers: { type: 'string' },
    noisy: { type: 'boolean', default: false },
    publish: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    compare: { type: 'boolean', default: false },
  },
} as const satisfies ParseArgsConfig;
const { values, positionals } = readArguments();

const say = (line: string): void => console.log(line);

async function main(): Promise<number> {
  if (values.help) {
    say(USAGE);
    return 0;
  }
  if (values.list) {
    for (const { id, title } of BENCHMARKS) say(`${id.padEnd(9)} ${title}`);
    return 0;
  }
  if (values.compare) return compareFiles(positionals);
  const asked = positionals.map((name) => name.toUpperCase());
  const unknown = asked.filter((name) => !BENCHMARKS.some((one) => one.id.toUpperCase() === name));
  const size = SIZES[values.size.toLowerCase()];
  if (unknown.length > 0) return refuse(`There is no benchmark ${unknown.join(', ')}: see npm run bench -- --list.`);
  if (size === undefined) return refuse(`--size is one of ${Object.keys(SIZES).join(', ')}.`);
  const { rounds, slice, connections } = values;
  const numbers = { rounds, slice, connections };
  const wrong = Object.entries(numbers).find(
    ([, text]) => !(Number(text) > 0 && Number(text) < Number.POSITIVE_INFINITY),
  );
  if (wrong) return refuse(`--${wrong[0]} is a number above 0, and not ${wrong[1]}.`);
  if (values.publish && values.noisy) {
    return refuse('What is published is measured on a quiet computer: leave --noisy.');
  }
  if (values.publish && values.profile && asked.length !== 1) {
    return refuse('A profile is published of one benchmark: name one.');
  }
  const short = Number(rounds) < 3 || Number(slice) < 2 || Number(connections) !== 32;
  if (values.publish && short) {
    return refuse('What is published has at least 3 rounds of 2 s, over 32 connections.');
  }
  const load_average = loadNow();
  if (load_average !== null && load_average >= LOAD_MAX && !values.noisy) {
    return refuse(`The computer is busy (load ${load_average}): wait, or say --noisy and publish nothing of it.`);
  }
  const profiles = values.profile ? mkdtempSync(join(tmpdir(), 'kassa-profile-')) : null;
  const peers = values.peers === undefined ? null : resolve(values.peers);
  const wishes = {
    peers,
    rounds: Number(rounds),
    slice_s: Number(slice),
    connections: Number(connections),
    size,
    profiles,
  };
  return runAll(asked, wishes, load_average);
}

async function runAll(asked: readonly string[], wishes: Wishes, load_average: number | null): Promise<number> {
  const wanted = BENCHMARKS.filter(({ id }) => asked.length === 0 || asked.includes(id.toUpperCase()));
  const started_at = new Date().toISOString();
  const blocks: Block[] = [];
  let postgres = '';
  for (const { id, title, run } of wanted) {
    say(`${id}  ${title}`);
    const block = await withBench(id, { wishes, say }, async (bench) => {
      postgres = bench.ground.version;
      return { block: id, title, ...(await run(bench)) };
    });
    blocks.push(block);
    say(`${drawBlock(block)}\n`);
  }
  const { rounds, slice_s } = wishes;
  const run: Run = {
    ...{ commit: commitNow(), started_at, postgres, load_average, noisy: values.noisy, rounds, slice_s, blocks },
    ...machine,
  };
  const file = writeRun(run);
  for (const block of blocks) {
    const last = lastRunOf(block.block, file);
    if (last) for (const line of compareBlocks(last, run, block.block)) say(line);
  }
  say(`\nwritten to ${file}`);
  if (values.publish && wishes.profiles === null) publish(run, commandAsTold(), BENCHMARKS);
  if (wishes.profiles !== null) sayProfiles(writeProfile(wishes.profiles, file), run);
  return blocks.some(isBroken) ? 1 : 0;
}

function sayProfiles(files: readonly string[], { commit, started_at, load_average, blocks }: Run): void {
  for (const file of files) say(`profile: ${file}`);
  const [block] = blocks;
  if (!values.publish || block === undefined) return;
  const head = `${block.block}: \`${commandAsTold()}\`, ${commit}, ${started_at.slice(0, 10)}, load ${load_average}`;
  say(`kept: ${keepProfile(files, block.block, head)}`);
}

/** How it was called; where the peers stand is each reader's own affair. */
function commandAsTold(): string {
  const told = `npm run bench -- ${process.argv.slice(2).join(' ')}`;
  return values.peers === undefined ? told : told.replaceAll(values.peers, '../kassa-peers');
}

function compareFiles([before, after]: readonly string[]): number {
  if (before === undefined || after === undefined) return refuse('Name two files of bench/results.');
  const [old, now] = [readRun(before), readRun(after)];
  for (const { block } of now.blocks) for (const line of compareBlocks(old, now, block)) say(line);
  return 0;
}

function readArguments() {
  try {
    return parseArgs(OPTIONS);
  } catch (error) {
    refuse(`${(error as Error).message.split('. ')[0]}. See npm run bench -- --help.`);
    process.exit(2);
  }
}

function refuse(sentence: string): number {
  console.error(sentence);
  return 2;
}

process.exitCode = await main();
