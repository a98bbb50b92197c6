import { KassaError } from '../../kernel/errors.ts';

/** Where a list goes on: after the row of this moment and id, newest first. */
export interface Cursor {
  readonly at: Date;
  readonly id: string;
}

const FORM = /^([0-9]{1,15})-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

export function cursorText(row: { created_at: Date; id: string }): string {
  return `${row.created_at.getTime()}-${row.id}`;
}

/** @throws KassaError `invalid_request` for a text that no page of ours gave out. */
export function readCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  const match = FORM.exec(text);
  if (!match?.[1] || !match[2]) {
    throw new KassaError('invalid_request', 'This page does not exist. Start at the first one.', {
      before: 'malformed',
    });
  }
  return { at: new Date(Number(match[1])), id: match[2] };
}
