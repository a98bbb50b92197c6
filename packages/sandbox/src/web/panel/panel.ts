import { type PanelView, renderPanel } from '../../pages/index.ts';
import { formIsOurs, frameFor, page, plain } from '../respond.ts';
import type { House } from '../web.ts';
import { press } from './panel-actions.ts';
import { panelView } from './panel-view.ts';

/** What the sandbox did lately, and the buttons that make it misbehave. */
export function showPanel(house: House, shown: Partial<Pick<PanelView, 'notice' | 'only'>> = {}): Response {
  const frame = frameFor(false);
  return page(renderPanel(panelView(house, frame, { notice: null, only: null, ...shown })), frame);
}

/** One press of a button of the panel. */
export async function postPanel(house: House, request: Request): Promise<Response> {
  const form = new URLSearchParams(await request.text());
  if (!formIsOurs(house.world, request, form, 'panel')) return plain('This form did not come from the panel.', 403);
  return showPanel(house, { notice: await press(house, form) });
}
