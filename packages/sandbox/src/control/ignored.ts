import type { Database } from '../store/database.ts';
import { readSetting, writeSetting } from '../store/settings.ts';

/** A parameter that the sandbox understands and does nothing with. */
export interface Ignored {
  method: string;
  /** The template of the call, such as `/v1/payment_intents/:intent`. */
  path: string;
  parameter: string;
  count: number;
}

const SETTING = 'ignored';
/** Names of parameters are bounded by the schemas, but for those that a caller chooses, such as currencies. */
const NAMES_MOST = 500;

/** Counts them, so that a person finds out what their shop asks for in vain. */
export function noteIgnored(
  database: Database,
  { method, template }: { method: string; template: string },
  parameters: string[],
): void {
  const counts = readCounts(database);
  for (const parameter of parameters) {
    const name = `${method} ${template} ${parameter}`;
    if (counts.has(name) || counts.size < NAMES_MOST) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  writeSetting(database, SETTING, JSON.stringify([...counts]));
}

function readCounts(database: Database): Map<string, number> {
  return new Map(JSON.parse(readSetting(database, SETTING) ?? '[]') as [string, number][]);
}

/** Most frequent first. */
export function readIgnored(database: Database): Ignored[] {
  const rows = [...readCounts(database)].map(([name, count]) => {
    const [method = '', path = '', ...parameter] = name.split(' ');
    return { method, path, parameter: parameter.join(' '), count };
  });
  return rows.sort((a, b) => b.count - a.count || (`${a.path} ${a.parameter}` < `${b.path} ${b.parameter}` ? -1 : 1));
}
