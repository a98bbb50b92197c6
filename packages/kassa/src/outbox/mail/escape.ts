/**
 * Names come from buyers and from shops, and a mail goes to a person: whatever they hold is text and nothing else.
 */

/** Direction overrides and their ends: they can make `gpj.exe` read as `exe.jpg`, so no mail of ours carries them. */
const DIRECTION_TRICKS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** Control characters, line and paragraph separators, and halves of characters that no mail program can draw. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]+/gu;
const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** One line of harmless text: safe in a subject, in a plain-text body and, once escaped, in HTML. */
export function oneLine(text: string): string {
  return text.replaceAll(DIRECTION_TRICKS, '').replaceAll(UNPRINTABLE, ' ').replaceAll(/ {2,}/g, ' ').trim();
}

/** The same, ready to stand between tags or inside a quoted attribute. */
export function html(text: string): string {
  return oneLine(text).replaceAll(/[&<>"']/g, (sign) => HTML[sign] ?? '');
}
