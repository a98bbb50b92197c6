import { framePage } from './markup/frame.ts';
import { type Html, html, webAddress } from './markup/html.ts';
import { moneyText } from './markup/money.ts';
import type { AfterPaymentView, PageFrame, SessionEnd, SessionEndView } from './views.ts';

/** The longest that the sandbox waits for the shop's answer to the webhook, as at Stripe. */
const WAIT_SECONDS_MAX = 10;

/**
 * Between paying and the way back: the sandbox tells the shop first, so that its page already knows. The script asks
 * `?poll=1` until the answer is there; without script the page asks again each second; the link skips the wait.
 */
export function renderAfterPayment(view: AfterPaymentView): string {
  const amount = moneyText(view.amount_minor, view.currency, view.frame.locale);
  const back = `/c/pay/${view.session_id}/return`;
  const seconds = Math.min(Math.max(Math.ceil(view.seconds_left), 0), WAIT_SECONDS_MAX);
  const again = seconds === 0 ? `0;url=${back}` : `1;url=/c/pay/${view.session_id}/after`;
  const headline = { paid: `${amount} paid`, unpaid: 'Order accepted', no_payment_required: 'All done' }[
    view.payment_status
  ];
  const waiting = html`<p>Telling ${view.seller.name} about it, so that its page already knows when you arrive.</p>
<div class="wait"><progress id="wait" max="${WAIT_SECONDS_MAX}" value="${WAIT_SECONDS_MAX - seconds}" aria-label="Waiting for the shop"></progress>
<p class="hint">At most <span id="seconds" data-seconds="${seconds}">${seconds} seconds</span> more.</p></div>
<p><a class="button" id="skip" href="${back}" target="_top">Skip, go back now</a></p>`;
  return framePage(
    view.frame,
    'after',
    headline,
    html`<main class="single" data-session="${view.session_id}" data-after="/c/pay/${view.session_id}/after" data-redirects="${String(view.redirects)}">
${view.redirects ? html`<noscript><meta http-equiv="refresh" content="${again}"></noscript>` : null}
<div class="sheet"><p class="seal" aria-hidden="true">✓</p><h1>${headline}</h1>
${view.payment_status === 'unpaid' ? html`<p>The bank debit was accepted. Whether the money arrives is decided later.</p>` : null}
${view.redirects ? waiting : html`<p>${view.seller.name} takes it from here.</p>`}
<p class="away" role="status" id="said"></p></div></main>`,
  );
}

/**
 * What a frame shows for the moment between the answer and the modal's closing: `POST /3ds/:id` with `embedded=1`.
 * Its script tells the page around it.
 */
export function renderChallengeDone(frame: PageFrame, result: 'complete' | 'fail' | 'open'): string {
  const content = html`<main class="single" data-result="${result}"><div class="sheet"><h1>The bank has heard you</h1></div></main>`;
  return framePage({ ...frame, embedded: true }, 'challenge-done', '3-D Secure', content);
}

interface Ending {
  mark: string;
  title: string;
  text: (seller: string) => string;
  again: string;
}

const ENDINGS: Record<SessionEnd, Ending> = {
  complete: {
    mark: '✓',
    title: 'This order is complete',
    text: (seller) => `${seller} has it. It cannot be paid a second time.`,
    again: 'Start again',
  },
  expired: {
    mark: '–',
    title: 'This page has expired',
    text: (seller) => `Nothing was charged. To buy, start again at ${seller}.`,
    again: 'Start again',
  },
  canceled: {
    mark: '–',
    title: 'This payment was canceled',
    text: (seller) => `Nothing was charged. ${seller} or you have ended it.`,
    again: 'Start again',
  },
  abandoned: {
    mark: '…',
    title: 'The buyer walked away',
    text: (seller) => `Nothing was charged and ${seller} was not told. The session stays open until it expires.`,
    again: 'Come back after all',
  },
  closed_after_paying: {
    mark: '✓',
    title: 'Paid, and the tab is gone',
    text: (seller) => `No browser returns to ${seller}: only the signed webhook tells it about the money.`,
    again: 'Start again',
  },
  left_open: {
    mark: '…',
    title: 'The bank’s question stays open',
    text: (seller) => `Nothing was charged. The payment for ${seller} waits until somebody answers.`,
    again: 'Answer it now',
  },
};

/** A session on which nothing can be paid here and now: one sentence and the ways out. Always sent with 200. */
export function renderSessionEnd(view: SessionEndView): string {
  const ending = ENDINGS[view.end];
  const text =
    view.end === 'complete' && view.payment_status === 'unpaid'
      ? `${view.seller.name} has the order. The bank debit is not decided yet.`
      : ending.text(view.seller.name);
  return framePage(
    view.frame,
    'end',
    ending.title,
    html`<main class="single" data-session="${view.session_id}" data-end="${view.end}"><div class="sheet">
<p class="seal ${ending.mark === '✓' ? '' : 'still'}" aria-hidden="true">${ending.mark}</p>
<h1>${ending.title}</h1><p>${text}</p>
<div class="ways">${link(view.again_url, ending.again, 'button')}${link(view.seller.url, `To ${view.seller.name}`, 'button second')}</div>
<p class="hint">Status of the session: <code>${statusOf(view)}</code></p></div></main>`,
  );
}

function link(url: string | null, text: string, kind: string): Html | null {
  const href = webAddress(url);
  return href === null ? null : html`<a class="${kind}" href="${href}" target="_top">${text}</a>`;
}

function statusOf(view: SessionEndView): string {
  const status = {
    complete: 'complete',
    closed_after_paying: 'complete',
    expired: 'expired',
    canceled: 'expired',
  } as const;
  return `${view.end in status ? status[view.end as keyof typeof status] : 'open'}, ${view.payment_status}`;
}
