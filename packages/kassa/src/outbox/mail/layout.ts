import { html, oneLine } from './escape.ts';

export interface RenderedMail {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

/** What a mail says, before it is drawn twice: once for eyes that want HTML, once for everything else. */
export interface Letter {
  readonly subject: string;
  readonly seller: string;
  readonly locale: string;
  readonly heading: string;
  readonly paragraphs: readonly string[];
  /** Facts such as the order's number and when it was paid, one per line. */
  readonly facts: readonly string[];
  readonly table: LetterTable | null;
  readonly footer: readonly string[];
}

export interface LetterTable {
  readonly item: string;
  readonly amount: string;
  readonly rows: readonly { readonly name: string; readonly note: string | null; readonly amount: string }[];
  /** The last one is the total. */
  readonly sums: readonly { readonly name: string; readonly amount: string }[];
}

const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
/** Quieter in light and in dark mail programs alike: a fixed grey would be lost in one of them. */
const QUIET = 'opacity:.75';
const TEXT_WIDTH = 64;

/** Draws a letter. Every value is escaped here and nowhere else, so no template can forget it. */
export function draw(letter: Letter): RenderedMail {
  return { subject: oneLine(letter.subject), html: drawHtml(letter), text: drawText(letter) };
}

function drawHtml(letter: Letter): string {
  const paragraph = (text: string, style: string): string => `<p style="${style}">${html(text)}</p>`;
  const body = [
    paragraph(letter.seller, `margin:0 0 24px;font-size:15px;font-weight:600;${QUIET}`),
    `<h1 style="margin:0 0 16px;font-size:24px;line-height:1.25">${html(letter.heading)}</h1>`,
    ...letter.paragraphs.map((text) => paragraph(text, 'margin:0 0 16px')),
    ...letter.facts.map((text) => paragraph(text, `margin:0;${QUIET}`)),
    letter.table ? drawTable(letter.table) : '',
    ...letter.footer.map((text) => paragraph(text, `margin:16px 0 0;font-size:14px;${QUIET}`)),
  ];
  return [
    `<!doctype html>`,
    `<html lang="${html(letter.locale)}">`,
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<meta name="color-scheme" content="light dark"><title>${html(letter.subject)}</title></head>`,
    `<body style="margin:0;padding:32px 16px;font-size:16px;line-height:1.5;${FONT}">`,
    `<div style="max-width:560px;margin:0 auto">`,
    ...body.filter((part) => part !== ''),
    `</div></body></html>`,
  ].join('\n');
}

function drawTable(table: LetterTable): string {
  const line = 'border-top:1px solid rgba(128,128,128,.45);padding:10px 0;vertical-align:top';
  const money = 'text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums';
  const rows = table.rows.map(({ name, note, amount }) => {
    const under = note === null ? '' : `<br><span style="font-size:14px;${QUIET}">${html(note)}</span>`;
    return `<tr><td style="${line}">${html(name)}${under}</td><td style="${line};${money}">${html(amount)}</td></tr>`;
  });
  const sums = table.sums.map(({ name, amount }, at) => {
    const weight = at === table.sums.length - 1 ? 'font-weight:700' : 'font-weight:400';
    const cell = `${line};${weight}`;
    return `<tr><th scope="row" style="${cell};text-align:left">${html(name)}</th><td style="${cell};${money}">${html(amount)}</td></tr>`;
  });
  const head = `padding:0 0 10px;font-size:13px;font-weight:600;${QUIET}`;
  return [
    `<table style="width:100%;border-collapse:collapse;margin:24px 0 8px">`,
    `<thead><tr><th scope="col" style="${head};text-align:left">${html(table.item)}</th>` +
      `<th scope="col" style="${head};text-align:right">${html(table.amount)}</th></tr></thead>`,
    `<tbody>`,
    ...rows,
    `</tbody>`,
    `<tfoot>`,
    ...sums,
    `</tfoot></table>`,
  ].join('\n');
}

function drawText(letter: Letter): string {
  const blocks: string[][] = [
    [oneLine(letter.seller)],
    [oneLine(letter.heading)],
    ...letter.paragraphs.map(wrap),
    letter.facts.map(oneLine),
  ];
  if (letter.table) {
    blocks.push(letter.table.rows.flatMap((row) => [...ledgerLine(row.name, row.amount), ...note(row.note)]));
    blocks.push(letter.table.sums.flatMap((sum) => ledgerLine(sum.name, sum.amount)));
  }
  blocks.push(letter.footer.flatMap(wrap));
  const filled = blocks.filter((block) => block.length > 0);
  return `${filled.map((block) => block.join('\n')).join('\n\n')}\n`;
}

function note(text: string | null): string[] {
  return text === null ? [] : wrap(text).map((line) => `  ${line}`);
}

/** Name to the left, amount to the right; a name that is too long takes its own line. */
function ledgerLine(name: string, amount: string): string[] {
  const label = oneLine(name);
  const sum = oneLine(amount);
  const gap = TEXT_WIDTH - label.length - sum.length;
  return gap >= 2 ? [label + ' '.repeat(gap) + sum] : [label, ' '.repeat(Math.max(2, TEXT_WIDTH - sum.length)) + sum];
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of oneLine(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > TEXT_WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
