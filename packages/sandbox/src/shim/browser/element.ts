// One element as the shop's code sees it: mount, events, values. What it hides is the frame behind it.
import type { StripeError } from '@stripe/stripe-js';
import { type Frame, type FrameAnswer, type FrameEvent, type FrameQuestion, openFrame } from './frame.ts';
import { integrationError } from './wire.ts';

export type Handler = (event?: unknown) => unknown;

/** What other parts of the shim may do with an element; the shop gets `face` only. */
export interface Inside {
  type: string;
  face: Face;
  state: { complete: boolean; empty: boolean; value: Record<string, unknown> };
  ask(question: FrameQuestion, params?: Record<string, unknown>): Promise<FrameAnswer>;
  tell(event: string, payload?: unknown): void;
  look(variables: Record<string, string>): void;
  fill(values: Record<string, string>): void;
  mounted(): boolean;
}

/** The methods that every element has. */
export interface Face {
  mount(target: string | HTMLElement): void;
  unmount(): void;
  destroy(): void;
  on(event: string, handler: Handler): Face;
  once(event: string, handler: Handler): Face;
  off(event: string, handler?: Handler): Face;
  update(options?: Record<string, unknown>): void;
  clear(): void;
  focus(): void;
  blur(): void;
  collapse(): void;
  getValue(): Promise<{ complete: boolean; isNewAddress: boolean; value: Record<string, unknown> }>;
}

export interface ElementOptions {
  base: string;
  /** The publishable key, which the frame needs to make payment methods. */
  key: string;
  /** Stripe's name of the element; stands in its events. */
  type: string;
  query?: Record<string, string>;
  /** More fields of each change event, such as an address's mode. */
  extra?: Record<string, unknown>;
  heard?(inside: Inside, event: FrameEvent): void;
  destroyed?(): void;
}

const INSIDES = new WeakMap<object, Inside>();

/** @throws IntegrationError for anything that this shim did not make */
export function insideOf(face: unknown): Inside {
  const inside = typeof face === 'object' && face !== null ? INSIDES.get(face) : undefined;
  if (!inside) throw integrationError('Expected an element that was made by this Stripe instance.');
  return inside;
}

export function isElement(value: unknown): boolean {
  return typeof value === 'object' && value !== null && INSIDES.has(value);
}

export function createElement(options: ElementOptions): Inside {
  const { base, type, extra = {} } = options;
  const handlers = new Map<string, Set<Handler>>();
  const state: Inside['state'] = { complete: false, empty: true, value: {} };
  let frame: Frame | null = null;
  let destroyed = false;
  let looks: Record<string, string> = {};
  let fillings: Record<string, string> = {};
  const tell = (event: string, payload?: unknown): void => {
    for (const handler of [...(handlers.get(event) ?? [])]) handler(payload);
  };
  const hear = (event: FrameEvent): void => {
    if (event.type === 'change')
      Object.assign(state, { complete: event.complete, empty: event.empty, value: event.value });
    options.heard?.(inside, event);
    if (event.type === 'change') tell('change', changeEvent(type, event, extra));
    else if (event.type !== 'pressed') tell(event.type, { elementType: type });
  };
  const remove = (): void => {
    frame?.node.remove();
    frame = null;
  };
  const face: Face = {
    mount(target) {
      if (destroyed) throw integrationError(`This ${type} element was destroyed. Create a new one.`);
      const place = typeof target === 'string' ? document.querySelector(target) : target;
      if (!(place instanceof HTMLElement)) throw integrationError(`There is nothing on the page at ${String(target)}.`);
      if (frame && frame.node.parentElement === place) return;
      remove();
      frame = openFrame({ base, kind: type, query: options.query ?? {}, title: titleOf(type), hear });
      place.replaceChildren(frame.node);
      // A frame whose colour scheme differs from the page around it gets an opaque background, so it follows the page.
      const scheme = looks['color-scheme'] ?? getComputedStyle(place).colorScheme.replace('normal', 'light');
      frame.node.style.colorScheme = scheme;
      frame.order({ type: 'look', variables: { ...looks, 'color-scheme': scheme } });
      frame.order({ type: 'fill', values: fillings });
    },
    unmount: remove,
    destroy() {
      remove();
      destroyed = true;
      options.destroyed?.();
    },
    on(event, handler) {
      const known = handlers.get(event) ?? new Set();
      handlers.set(event, known.add(handler));
      return face;
    },
    once: (event, handler) => {
      const wrapped: Handler = (payload) => {
        face.off(event, wrapped);
        return handler(payload);
      };
      return face.on(event, wrapped);
    },
    off(event, handler) {
      if (handler) handlers.get(event)?.delete(handler);
      else handlers.delete(event);
      return face;
    },
    update() {},
    clear: () => frame?.order({ type: 'do', what: 'clear' }),
    focus: () => frame?.order({ type: 'do', what: 'focus' }),
    blur: () => frame?.order({ type: 'do', what: 'blur' }),
    collapse() {},
    getValue: async () => ({ complete: state.complete, isNewAddress: true, value: state.value }),
  };
  const inside: Inside = {
    type,
    face,
    state,
    ask: (question, params) =>
      frame ? frame.ask(question, { ...params, key: options.key }) : Promise.resolve({ error: notMounted(type) }),
    tell,
    look: (variables) => {
      looks = variables;
      frame?.order({ type: 'look', variables });
    },
    fill: (values) => {
      fillings = { ...fillings, ...values };
      frame?.order({ type: 'fill', values });
    },
    mounted: () => frame !== null,
  };
  INSIDES.set(face, inside);
  return inside;
}

function changeEvent(type: string, event: FrameEvent & { type: 'change' }, extra: Record<string, unknown>): unknown {
  const { complete, empty, value, error } = event;
  return { elementType: type, complete, empty, collapsed: false, error, brand: value.brand, value, ...extra };
}

function notMounted(type: string): StripeError {
  return { type: 'invalid_request_error', message: `The ${type} element is not on the page. Mount it first.` };
}

function titleOf(type: string): string {
  const words: Record<string, string> = {
    payment: 'Payment details (sandbox)',
    card: 'Card details (sandbox)',
    address: 'Address (sandbox)',
    linkAuthentication: 'E-mail (sandbox)',
    contactDetails: 'Contact details (sandbox)',
    expressCheckout: 'Express checkout (sandbox)',
  };
  return words[type] ?? `${type} (sandbox)`;
}
