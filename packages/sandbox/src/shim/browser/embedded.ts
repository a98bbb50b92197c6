// `createEmbeddedCheckoutPage`: the hosted page in an iframe of the shop.
import type { StripeCheckoutSession } from '@stripe/stripe-js';
import { placeOf } from './element.ts';
import { isRecord } from './elements.ts';
import { idOfSecret, integrationError, type Wire } from './wire.ts';

export interface EmbeddedOptions {
  clientSecret?: string | null;
  fetchClientSecret?: (() => Promise<string>) | null;
  onComplete?: () => void;
  onLineItemsChange?: (event: Record<string, unknown>) => unknown;
  onShippingDetailsChange?: (event: Record<string, unknown>) => unknown;
  onAnalyticsEvent?: (event: Record<string, unknown>) => unknown;
}

export interface EmbeddedPage {
  mount(target: string | HTMLElement): void;
  unmount(): void;
  destroy(): void;
}

interface Opened {
  redirects: boolean;
  view: StripeCheckoutSession;
}

/** One at a time, as at Stripe: a second page would show a second total. */
let alive = false;

export async function createEmbeddedPage(wire: Wire, options: EmbeddedOptions): Promise<EmbeddedPage> {
  if (alive) throw integrationError('You cannot have more than one embedded checkout page. Destroy the first one.');
  alive = true;
  try {
    const secret = options.clientSecret ?? (await options.fetchClientSecret?.());
    const session = idOfSecret(secret, 'cs_');
    const look = () => wire.get<Opened>(`/sessions/${session}`, { client_secret: String(secret) });
    const opened = await look();
    if (opened.error) throw integrationError(opened.error.message ?? 'The session cannot be opened.');
    if (options.onComplete && opened.value.redirects) {
      throw integrationError('onComplete needs a session with redirect_on_completion: never or if_required.');
    }
    const changed = async (): Promise<void> => {
      if (!options.onLineItemsChange) return;
      const now = await look();
      if (now.value)
        options.onLineItemsChange({ checkoutSessionId: session, lineItems: now.value.view.lineItems.map(lineOf) });
    };
    return page(wire, session, { redirects: opened.value.redirects, onComplete: options.onComplete, changed });
  } catch (error) {
    alive = false;
    throw error;
  }
}

function lineOf(line: StripeCheckoutSession['lineItems'][number]): Record<string, unknown> {
  const { id, quantity, priceId, name, description, images, unitAmount } = line;
  return {
    id,
    quantity,
    price: priceId,
    display: { name, description: description ?? '', images },
    pricingSpec: { unitAmount: unitAmount.minorUnitsAmount },
  };
}

interface PageEvents {
  redirects: boolean;
  onComplete: (() => void) | undefined;
  changed(): Promise<void>;
}

function page(wire: Wire, session: string, events: PageEvents): EmbeddedPage {
  let frame: HTMLIFrameElement | null = null;
  let destroyed = false;
  const hear = (message: MessageEvent): void => {
    if (!frame || message.source !== frame.contentWindow || !isRecord(message.data)) return;
    if (message.data.source !== 'kassa-sandbox') return;
    if (message.data.event === 'height') frame.style.height = `${Number(message.data.height)}px`;
    if (message.data.event === 'update') void events.changed();
    if (message.data.event !== 'complete') return;
    const { return_url } = message.data;
    // With if_required a card needs no redirect: the shop is told instead.
    if (events.redirects && typeof return_url === 'string') window.location.assign(new URL(return_url, wire.base).href);
    else events.onComplete?.();
  };
  const unmount = (): void => {
    window.removeEventListener('message', hear);
    frame?.remove();
    frame = null;
  };
  return {
    mount(target) {
      if (destroyed) throw integrationError('This embedded checkout page was destroyed. Create a new one.');
      if (frame) throw integrationError('This embedded checkout page is mounted already.');
      const place = placeOf(target);
      frame = document.createElement('iframe');
      frame.title = 'Checkout (sandbox)';
      frame.src = `${wire.base}/c/pay/${session}?embedded=1`;
      Object.assign(frame.style, { width: '100%', height: '40rem', border: '0', display: 'block' });
      window.addEventListener('message', hear);
      place.replaceChildren(frame);
    },
    unmount,
    destroy() {
      unmount();
      if (!destroyed) alive = false;
      destroyed = true;
    },
  };
}
