import type { Settings } from '../config.ts';
import { DEFAULT_PACE, type Pace } from '../flows/house.ts';
import type { Ears } from '../flows/proof/fetch-events.ts';
import { EVENT_READERS } from '../inbox/events/index.ts';

/** Without a secret no webhook is accepted, so Stripe is asked for its events instead, every few seconds. */
const UNREACHED_EVERY_MS = 3_000;

function expectsWebhooks({ stripe, webhook_secrets }: Settings): boolean {
  return stripe.kind === 'sandbox' || webhook_secrets.length > 0;
}

/** How long things take in this shop. */
export function paceOf(settings: Settings): Pace {
  const { fetch_events_every_ms } = DEFAULT_PACE;
  return {
    ...DEFAULT_PACE,
    refresh_after_ms: settings.contracts.refresh_after_ms,
    fetch_events_every_ms: expectsWebhooks(settings) ? fetch_events_every_ms : UNREACHED_EVERY_MS,
  };
}

/** What this shop listens to at Stripe. */
export function earsOf(settings: Settings): Ears {
  return { types: Object.keys(EVENT_READERS), expects_webhooks: expectsWebhooks(settings) };
}
