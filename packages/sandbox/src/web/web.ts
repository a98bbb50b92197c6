import type { Control } from '../control/control.ts';
import type { World } from '../store/world.ts';

/** What the pages and the control calls need of the sandbox they belong to. */
export interface House {
  world: World;
  control: Control;
  keys: { secret: string; publishable: string };
  tick(): Promise<number>;
  drain(): Promise<number>;
}

/** Everything that is not the API: pages, control calls, scripts. */
export async function handleWeb(_house: House, request: Request): Promise<Response> {
  return new Response(`Nothing stands at ${new URL(request.url).pathname}.\n`, { status: 404 });
}
