/** Markup that is safe to send: made only by `html`, which escapes everything that is put into it. */
export interface Html {
  readonly markup: string;
}

/** What may stand in a template: markup as it is, text and numbers escaped, nothing for null and false. */
export type Part = Html | string | number | null | false | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Template tag: html`<p title="${title}">${text}</p>`. Attribute values stand in double quotes. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  const tail = parts.map((part, index) => draw(part) + (strings[index + 1] ?? ''));
  return { markup: (strings[0] ?? '') + tail.join('') };
}

function draw(part: Part): string {
  if (part === null || part === false) return '';
  if (typeof part === 'string') return part.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
  if (typeof part === 'number') return String(part);
  return 'markup' in part ? part.markup : part.map(draw).join('');
}
