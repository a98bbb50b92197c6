import type { StoryStep } from '../../domain/reports/index.ts';
import { type Html, html } from './html.ts';
import { STEP_MARKS, sinceStart, timeOfDay } from './words.ts';

/**
 * What happened to an order, oldest first. It is a log: new rows are announced politely as the page adds them. Each
 * row opens the record behind it.
 */
export function timeline(steps: readonly StoryStep[]): Html {
  const start = steps[0]?.at;
  if (start === undefined) return html`<p>Nothing has happened yet.</p>`;
  return html`<div role="log" aria-label="Timeline" data-live="timeline"><ol class="timeline">${steps.map((step) => row(step, start))}</ol></div>`;
}

function row(step: StoryStep, start: Date): Html {
  const [mark, word] = STEP_MARKS[step.state];
  return html`<li class="${step.state}"><span class="node" aria-hidden="true">${mark}</span>
<p class="when">${timeOfDay(step.at)} <span class="since">${sinceStart(step.at, start)}</span></p>
<p class="what"><span class="kind">${step.kind}</span> <strong>${step.title}</strong>${word === '' ? null : html` <span class="hidden">(${word})</span>`}</p>
${step.detail === null ? null : html`<p class="detail">${step.detail}</p>`}
<details><summary>Record<span class="hidden"> of ${step.title}</span></summary><pre tabindex="0">${JSON.stringify(step.json, null, 2) ?? ''}</pre></details></li>`;
}
