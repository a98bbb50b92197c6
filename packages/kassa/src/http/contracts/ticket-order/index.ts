import type { OpenAPIHono } from '@hono/zod-openapi';
import type { TicketOrderSettings } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import { type ContractDesk, openContract } from '../contract.ts';
import { complete } from './complete.ts';
import { confirmation } from './confirmation.ts';
import { createSession } from './create.ts';
import { createCrowd } from './crowd.ts';
import { drawDetail } from './failure.ts';
import { storeDetails } from './pending.ts';

/** The contract `ticket-order`: one ticket, paid in the shop's own page, in four steps. */
export function ticketOrder(desk: ContractDesk, contract: TicketOrderSettings): OpenAPIHono<HttpEnv> {
  const app = openContract(desk, {
    paths: [`${contract.mount}/*`],
    callers: 'anybody',
    cors: { headers: ['Content-Type', 'Idempotency-Key'], tells_why: true },
    drawFailure: drawDetail,
    opens: [contract.mount],
  });
  const door = { ...desk, crowd: createCrowd() };
  app.route('/', createSession(desk, contract));
  app.route('/', storeDetails(door, contract));
  app.route('/', complete(door, contract));
  app.route('/', confirmation(door, contract));
  return app;
}
