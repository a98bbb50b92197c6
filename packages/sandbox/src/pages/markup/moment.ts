import { type Html, html } from './html.ts';

/**
 * A moment for a person and for a machine. Printed in UTC, because the server does not know the reader's zone;
 * the page's script rewrites it into local time. `seconds` since the epoch, of the sandbox's clock.
 */
export function momentText(seconds: number, locale: string): Html {
  const moment = new Date(seconds * 1000);
  const text = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(
    moment,
  );
  return html`<time datetime="${moment.toISOString()}">${text} UTC</time>`;
}

/** Only the time of day, with seconds: the journals of the panel. */
export function timeOfDay(seconds: number): Html {
  const iso = new Date(seconds * 1000).toISOString();
  return html`<time datetime="${iso}" data-short>${iso.slice(11, 19)}</time>`;
}
