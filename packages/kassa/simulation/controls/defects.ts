/**
 * Negative controls: mistakes that were made in the field, as exact replacements in our own source. They are put in
 * while a process of the simulation loads, so shipped code carries no switch. Each has to be caught; a simulation that
 * finds nothing proves nothing otherwise.
 */

import type { Control } from './control.ts';
import { DELIVERY } from './delivery.ts';
import { FIRST_TEN } from './first-ten.ts';
import { GIVING_BACK } from './giving-back.ts';
import { HEARING } from './hearing.ts';
import { HOLDING } from './holding.ts';
import { MONEY } from './money.ts';
import { ONCE_MORE } from './once-more.ts';
import { SETTLING } from './settling.ts';

export type { Control, Edit } from './control.ts';

/** Those of the specification carry its numbers; from N49 on they are of our own. */
export const CONTROLS: readonly Control[] = [
  ...FIRST_TEN,
  ...SETTLING,
  ...MONEY,
  ...GIVING_BACK,
  ...HOLDING,
  ...DELIVERY,
  ...HEARING,
  ...ONCE_MORE,
];

/** @throws Error for a name that no control has */
export function controlNamed(name: string): Control {
  const control = CONTROLS.find((one) => one.name === name);
  if (!control) throw new Error(`there is no defect ${name}; there are ${CONTROLS.map((one) => one.name).join(', ')}`);
  return control;
}

export function ddlOf(name: string | null): readonly string[] {
  return name === null ? [] : (controlNamed(name).ddl ?? []);
}
