import { child, choice, flag, has, type Input } from '../../http/input.ts';
import { badParam, unsupported } from '../../kernel/failure.ts';
import type { Way } from './blank.ts';

const UI_MODES = ['hosted_page', 'embedded_page', 'elements', 'form'] as const;

/** Which page and what for. @throws Failure for what the sandbox does not have. */
export function readWay(input: Input): Way {
  const mode = choice(input, 'mode', ['payment', 'setup', 'subscription'] as const) ?? 'payment';
  if (mode === 'subscription') throw unsupported('checkout sessions in subscription mode');
  const ui_mode = choice(input, 'ui_mode', UI_MODES) ?? 'hosted_page';
  if (ui_mode === 'form')
    throw badParam('ui_mode', 'The ui_mode form needs beta access, which the sandbox does not have.');
  return { ui_mode, mode };
}

/** Refuses parameters that another kind of page has. */
export function refuse(input: Input, names: string[], way: string): void {
  for (const name of names) if (has(input, name)) throw badParam(name, `${name} is not allowed with ui_mode ${way}.`);
}

/** Each mode makes another kind of object at the end, and only that one can be described. */
export function refuseOtherModes(input: Input, { mode }: Way): void {
  const other = mode === 'setup' ? 'payment_intent_data' : 'setup_intent_data';
  for (const name of [other, 'subscription_data']) {
    if (has(input, name)) throw badParam(name, `You can not pass ${name} in ${mode} mode.`);
  }
  if (has(input, 'payment_method_collection')) {
    throw badParam('payment_method_collection', 'payment_method_collection is for subscription mode only.');
  }
  const invoice = child(input, 'invoice_creation');
  if (invoice && flag(invoice, 'enabled') === true) throw unsupported('invoices of checkout sessions');
}
