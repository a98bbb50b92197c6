import { basename } from 'node:path';
import { writeBlows } from './blows.ts';
import type { TortureOptions } from './options.ts';
import type { Played } from './play.ts';

const LINES_SHOWN = 25;
const CONTENT_LENGTH = 200;

/** What a failure is called, where it is, and what there is to do about it. */
export interface Told {
  readonly what: 'doubled' | 'missing' | 'gave_up';
  readonly sentence: string;
  readonly cure: string;
}

const CURES = {
  doubled_keyless:
    'hand the idempotency_key of once() on to the receiver, in its header or body; or write rows by commit()',
  doubled_key: 'use the idempotency_key that once() hands in: a key made anew at each try tells no repeat',
  doubled_row: 'write rows by commit(): then they and the mark that the hook is done are one transaction',
  missing: 'let errors pass, and throw when an answer is not what it should be: a hook that returns is not run again',
  gave_up: 'a hook has to get by with being run again after any of its steps',
};

export function tellFindings({ findings }: Played): Told[] {
  return findings.map((one) => {
    if (one.what === 'gave_up') {
      const sentence = `${one.topic} was given up after twenty tries: ${one.last_error?.split('\n')[0] ?? 'no error'}`;
      return { what: one.what, sentence, cure: CURES.gave_up };
    }
    const { effect, calm, here, what } = one;
    const content = JSON.stringify(effect.content)?.slice(0, CONTENT_LENGTH) ?? '';
    const of = effect.order === null ? 'a row' : `of order ${effect.order}, ${effect.event}`;
    const sentence = `${effect.to} ${content} ${of}: ${calm} in calm weather, ${here} here`;
    if (what === 'missing') return { what, sentence, cure: CURES.missing };
    if (effect.order === null) return { what, sentence, cure: CURES.doubled_row };
    return { what, sentence, cure: one.keyless ? CURES.doubled_keyless : CURES.doubled_key };
  });
}

/** The one command that plays it again. */
export function replayLine(options: TortureOptions, { plan, struck }: Played): string {
  const { config, schema_file, stand_ins_file, hooks_file } = options;
  const files = [
    `kassa torture ${quoted(hooks_file)}`,
    `--config ${quoted(config)}`,
    ...(schema_file === null ? [] : [`--schema ${quoted(schema_file)}`]),
    ...(stand_ins_file === null ? [] : [`--stand-ins ${quoted(stand_ins_file)}`]),
  ];
  return `${files.join(' ')} --seed ${plan.seed} --orders ${plan.orders} --schedule ${writeBlows(struck)}`;
}

export function failureLines(options: TortureOptions, played: Played): string[] {
  const told = tellFindings(played);
  const cures = [...new Set(told.map(({ cure }) => cure))];
  const { story, plan, struck } = played;
  const left = story.length - LINES_SHOWN;
  return [
    ...told.map(({ what, sentence }) => `${what.toUpperCase().replace('_', ' ')} ${sentence}`),
    `seed ${plan.seed}, ${many(plan.orders, 'order')}, ${many(struck.length, 'blow')}:`,
    ...story.slice(0, LINES_SHOWN).map((line) => `  ${line}`),
    ...(left > 0 ? [`  … and ${left} steps more`] : []),
    ...cures.map((cure) => `cure: ${cure}`),
    `replay: ${replayLine(options, played)}`,
  ];
}

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

/** What is told at the end of a series that found nothing. */
export function goodLine(options: TortureOptions, sums: { schedules: number; blows: number; effects: number }): string {
  const { schedules, blows, effects } = sums;
  const file = basename(options.hooks_file);
  return `${file}: ${schedules} schedules, ${blows} blows, ${effects} effects: none doubled, none missing`;
}
