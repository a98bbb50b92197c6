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
  /** Values by field name that stand in the element from the beginning. */
  fillings?: Record<string, string>;
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

/** What an element is made of, as long as it lives. */
interface Works {
  options: ElementOptions;
  state: Inside['state'];
  frame: Frame | null;
  destroyed: boolean;
  looks: Record<string, string>;
}

export function createElement(options: ElementOptions): Inside {
  const { type, extra = {} } = options;
  const works: Works = {
    options,
    state: { complete: false, empty: true, value: {} },
    frame: null,
    destroyed: false,
    looks: {},
  };
  const ears = listeners();
  const hear = (event: FrameEvent): void => {
    if (event.type === 'change') {
      const { complete, empty, value } = event;
      Object.assign(works.state, { complete, empty, value });
    }
    options.heard?.(inside, event);
    if (event.type === 'change') ears.tell('change', changeEvent(type, event, extra));
    else if (event.type !== 'pressed') ears.tell(event.type, { elementType: type });
  };
  const inside: Inside = {
    type,
    face: faceOf(works, ears, hear),
    state: works.state,
    ask: async (question, params) =>
      works.frame ? works.frame.ask(question, { ...params, key: options.key }) : { error: notMounted(type) },
    tell: ears.tell,
    look: (variables) => {
      works.looks = variables;
      works.frame?.order({ type: 'look', variables });
    },
  };
  INSIDES.set(inside.face, inside);
  return inside;
}

interface Ears {
  handlers: Map<string, Set<Handler>>;
  tell(event: string, payload?: unknown): void;
}

function listeners(): Ears {
  const handlers = new Map<string, Set<Handler>>();
  return {
    handlers,
    tell: (event, payload) => {
      for (const handler of [...(handlers.get(event) ?? [])]) handler(payload);
    },
  };
}

function faceOf(works: Works, { handlers }: Ears, hear: (event: FrameEvent) => void): Face {
  const { options, state } = works;
  const remove = (): void => {
    works.frame?.node.remove();
    works.frame = null;
  };
  const face: Face = {
    mount(target) {
      if (works.destroyed) throw integrationError(`This ${options.type} element was destroyed. Create a new one.`);
      const place = placeOf(target);
      if (works.frame?.node.parentElement === place) return;
      remove();
      works.frame = openInto(place, works, hear);
    },
    unmount: remove,
    destroy() {
      remove();
      works.destroyed = true;
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
    clear: () => works.frame?.order({ type: 'do', what: 'clear' }),
    focus: () => works.frame?.order({ type: 'do', what: 'focus' }),
    blur: () => works.frame?.order({ type: 'do', what: 'blur' }),
    collapse() {},
    getValue: async () => ({ complete: state.complete, isNewAddress: true, value: state.value }),
  };
  return face;
}

/** @throws IntegrationError when there is no such place on the page */
export function placeOf(target: string | HTMLElement): HTMLElement {
  const place = typeof target === 'string' ? document.querySelector(target) : target;
  if (!(place instanceof HTMLElement)) throw integrationError(`There is nothing on the page at ${String(target)}.`);
  return place;
}

function openInto(place: HTMLElement, works: Works, hear: (event: FrameEvent) => void): Frame {
  const { base, type, query = {}, fillings = {} } = works.options;
  const frame = openFrame({ base, kind: type, query, title: titleOf(type), hear });
  place.replaceChildren(frame.node);
  // A frame whose colour scheme differs from the page around it gets an opaque background, so it follows the page.
  const scheme = works.looks['color-scheme'] ?? getComputedStyle(place).colorScheme.replace('normal', 'light');
  frame.node.style.colorScheme = scheme;
  frame.order({ type: 'look', variables: { ...works.looks, 'color-scheme': scheme } });
  frame.order({ type: 'fill', values: fillings });
  return frame;
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
