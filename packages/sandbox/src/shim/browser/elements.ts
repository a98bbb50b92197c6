// `stripe.elements(…)`: a group of elements for one payment.
import { createElement, type ElementOptions, type Face, type Inside } from './element.ts';
import { integrationError, type Wire } from './wire.ts';

/** What an application may give: a client secret, or the amount before there is an intent. */
export interface GroupOptions {
  clientSecret?: string;
  mode?: 'payment' | 'setup' | 'subscription';
  amount?: number;
  currency?: string;
  appearance?: { theme?: string; variables?: Record<string, string> };
  locale?: string;
  [other: string]: unknown;
}

export interface Group {
  face: GroupFace;
  clientSecret(): string | undefined;
  find(type: string): Inside | undefined;
}

export interface GroupFace {
  create(type: string, options?: Record<string, unknown>): Face;
  /** By name, or by the React component of that element. */
  getElement(type: unknown): Face | null;
  update(options: GroupOptions): Promise<void>;
  on(event: string, handler: () => void): void;
  submit(): Promise<{ error: unknown } | { selectedPaymentMethod: string }>;
  fetchUpdates(): Promise<Record<string, never>>;
}

/** Elements that the sandbox draws. */
export const KINDS = ['payment', 'card', 'address', 'expressCheckout', 'linkAuthentication'] as const;
const GROUPS = new WeakMap<object, Group>();

/** @throws IntegrationError for anything that `stripe.elements()` did not make */
export function groupOf(face: unknown): Group {
  const group = typeof face === 'object' && face !== null ? GROUPS.get(face) : undefined;
  if (!group) throw integrationError('Expected the object that stripe.elements() gave.');
  return group;
}

export function createGroup(wire: Wire, given: GroupOptions = {}): GroupFace {
  refuseOldOptions(given);
  let options = given;
  const made = new Map<string, Inside>();
  const onUpdate: (() => void)[] = [];
  const face: GroupFace = {
    create(type, wanted = {}) {
      if (!(KINDS as readonly string[]).includes(type)) {
        throw integrationError(`The element '${type}' is not in the sandbox. It has: ${KINDS.join(', ')}.`);
      }
      if (made.has(type))
        throw integrationError(`There is a ${type} element already. Destroy it before making another.`);
      const inside = createElement({
        ...elementOptions(wire, type, { ...wanted, locale: options.locale }),
        destroyed: () => made.delete(type),
      });
      inside.look(lookOf(options.appearance));
      made.set(type, inside);
      return inside.face;
    },
    getElement: (type) => made.get(typeOf(type))?.face ?? null,
    async update(changes) {
      options = { ...options, ...changes };
      for (const inside of made.values()) inside.look(lookOf(options.appearance));
      for (const handler of onUpdate) handler();
    },
    on: (event, handler) => {
      if (event === 'update-end') onUpdate.push(handler);
    },
    async submit() {
      for (const inside of made.values()) {
        if (inside.type === 'expressCheckout') continue;
        const answer = await inside.ask('validate');
        if (answer.error) return { error: answer.error };
      }
      return { selectedPaymentMethod: String(made.get('payment')?.state.value.type ?? 'card') };
    },
    fetchUpdates: async () => ({}),
  };
  const group: Group = { face, clientSecret: () => options.clientSecret, find: (type) => made.get(type) };
  GROUPS.set(face, group);
  return face;
}

/** React components carry the name of their element. */
function typeOf(wanted: unknown): string {
  if (typeof wanted === 'string') return wanted;
  const component = wanted as { __elementType?: unknown } | null | undefined;
  return typeof component?.__elementType === 'string' ? component.__elementType : '';
}

function refuseOldOptions(options: GroupOptions): void {
  if ('paymentMethodTypes' in options || 'payment_method_types' in options) {
    throw integrationError('paymentMethodTypes was removed. Use allowedPaymentMethodTypes.');
  }
}

/** What the frame needs to know beforehand goes into its address; a fake wallet button answers by itself. */
export function elementOptions(wire: Wire, type: string, options: Record<string, unknown>): ElementOptions {
  const query: Record<string, string> = {};
  for (const name of ['mode', 'locale']) if (typeof options[name] === 'string') query[name] = String(options[name]);
  if (Array.isArray(options.allowedCountries)) query.countries = options.allowedCountries.join(',');
  const fields = options.fields;
  if (isRecord(fields) && fields.phone === 'always') query.phone = '1';
  const extra = type === 'address' ? { elementMode: options.mode, isNewAddress: true } : {};
  return {
    base: wire.base,
    key: wire.key,
    type,
    query,
    extra,
    fillings: fillingsOf(options),
    ...(type === 'expressCheckout' ? { heard: pressWallet } : {}),
  };
}

/** `defaultValues` of address, link authentication and contact elements, by the names of the frame's fields. */
function fillingsOf({ defaultValues, mode }: Record<string, unknown>): Record<string, string> {
  const fillings: Record<string, string> = {};
  if (!isRecord(defaultValues)) return fillings;
  for (const [name, value] of Object.entries(defaultValues)) if (typeof value === 'string') fillings[name] = value;
  const address = isRecord(defaultValues.address) ? defaultValues.address : {};
  for (const [part, value] of Object.entries(address)) {
    if (typeof value === 'string') fillings[`${mode === 'shipping' ? 'shipping' : 'billing'}[${part}]`] = value;
  }
  return fillings;
}

/** Pressing the pretend wallet asks the shop first, as a real one does, and then confirms. */
function pressWallet(inside: Inside, event: { type: string }): void {
  if (event.type === 'ready') inside.tell('availablepaymentmethodschange', { elementType: 'expressCheckout' });
  if (event.type !== 'pressed') return;
  const confirm = (): void =>
    inside.tell('confirm', {
      elementType: 'expressCheckout',
      expressPaymentType: 'link',
      billingDetails: { name: 'Ann Example', email: 'ann@example.com' },
      paymentFailed: () => undefined,
    });
  let answered = false;
  inside.tell('click', {
    elementType: 'expressCheckout',
    expressPaymentType: 'link',
    resolve: () => {
      answered = true;
      confirm();
    },
    reject: () => {
      answered = true;
    },
  });
  if (!answered) confirm();
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const VARIABLES: Record<string, string> = {
  colorPrimary: '--accent',
  colorBackground: '--sheet',
  colorText: '--ink',
  colorDanger: '--bad',
  fontFamily: '--sans',
  borderRadius: '--round',
};

/** The part of the shop's appearance that the sandbox follows. */
export function lookOf(appearance: unknown): Record<string, string> {
  if (!isRecord(appearance)) return {};
  const look: Record<string, string> = {};
  if (appearance.theme === 'night') look['color-scheme'] = 'dark';
  if (appearance.theme === 'stripe' || appearance.theme === 'flat') look['color-scheme'] = 'light';
  for (const [name, value] of Object.entries(isRecord(appearance.variables) ? appearance.variables : {})) {
    const property = VARIABLES[name];
    if (property && typeof value === 'string') look[property] = value;
  }
  return look;
}
