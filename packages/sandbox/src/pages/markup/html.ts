/** Markup that is safe to send: made only by `html`, which escapes everything that is put into it. */
export interface Html {
  readonly markup: string;
}

/** What may stand in a template: markup as it is, text and numbers escaped, nothing for null and false. */
export type Part = Html | string | number | null | undefined | false | readonly Part[];

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as it may stand between tags and inside a quoted attribute. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

function draw(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  if ('markup' in part) return part.markup;
  return part.map(draw).join('');
}

/** Template tag: html`<p>${text}</p>`. Attribute values must stand in double quotes. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  let markup = strings[0] ?? '';
  parts.forEach((part, index) => {
    markup += draw(part) + (strings[index + 1] ?? '');
  });
  return { markup };
}

/** An attribute that is there or not: html`<input${flag('required', needed)}>`. */
export function flag(name: string, present: boolean): Html {
  return { markup: present ? ` ${name}` : '' };
}

/**
 * An address that may stand in `href`. Sessions carry addresses from outside; one that would run script
 * (`javascript:`) or leave http becomes null, and the caller draws no link.
 */
export function webAddress(url: string | null): string | null {
  if (url === null) return null;
  if (url.startsWith('/') && !url.startsWith('//')) return url;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  return parsed && (parsed.protocol === 'http:' || parsed.protocol === 'https:') ? url : null;
}
