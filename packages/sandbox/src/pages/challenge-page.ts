import { brandName } from './brands.ts';
import { framePage } from './markup/frame.ts';
import { html } from './markup/html.ts';
import { moneyText } from './markup/money.ts';
import type { ChallengeView } from './views.ts';

/** The bank's question, `/3ds/:id`: the person answers for the bank. Also shown in a modal by the browser shim. */
export function renderChallengePage(view: ChallengeView): string {
  const amount = view.amount_minor === null ? null : moneyText(view.amount_minor, view.currency, view.frame.locale);
  return framePage(
    view.frame,
    'challenge',
    '3-D Secure',
    html`<main class="single"><div class="sheet">
<p class="eyebrow">3-D Secure, as the bank would ask</p>
<h1>${amount === null ? 'Is this your card?' : html`Did you order this for <span class="nowrap">${amount}</span>?`}</h1>
<dl class="facts"><div><dt>Seller</dt><dd>${view.seller.name}</dd></div>
${amount === null ? null : html`<div><dt>Amount</dt><dd><data value="${view.amount_minor}">${amount}</data></dd></div>`}
${view.card === null ? null : html`<div><dt>Card</dt><dd>${brandName(view.card.brand)}, ending in ${view.card.last4}</dd></div>`}</dl>
<form method="post" action="/3ds/${view.id}"><input type="hidden" name="token" value="${view.token}">
${view.frame.embedded ? html`<input type="hidden" name="embedded" value="1">` : null}
<div class="answers"><button class="main" name="result" value="complete">Complete</button>
<button class="second" name="result" value="fail">Fail</button>
<button class="quiet" name="result" value="open">Leave it open</button></div></form>
<p class="hint">Complete: the bank is satisfied and the payment goes on. Fail: it refuses. Leave it open: nobody answers, and the payment keeps waiting.</p>
</div></main>`,
  );
}
