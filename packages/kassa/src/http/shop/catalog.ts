import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { OfferOnSale } from '../../domain/catalog/index.ts';
import { decimalFromMinor } from '../../kernel/money.ts';
import type { HttpHouse } from '../house.ts';
import type { Limiter } from '../limits.ts';
import type { HttpEnv } from '../request/context.ts';

const PriceBody = z.object({
  currency: z.string().openapi({ example: 'usd' }),
  unit_minor: z.int().nullable().openapi({ description: 'Null for an amount that the buyer chooses.', example: 10000 }),
  unit: z.string().nullable().openapi({ description: 'The same as a decimal text.', example: '100.00' }),
  minimum: z.string().nullable().openapi({ example: null }),
  maximum: z.string().nullable().openapi({ example: null }),
  stripe_price_id: z.string().nullable(),
});

const OfferBody = z
  .object({
    offer: z.string().openapi({ description: 'What a checkout names it by.', example: 'lakers' }),
    kind: z.string().openapi({ example: 'ticket' }),
    name: z.string().openapi({ example: 'Lakers vs Warriors' }),
    description: z.string().nullable(),
    prices: z.array(PriceBody),
    max_per_order: z.int(),
    starts_at: z.iso.datetime().nullable(),
    time_zone: z.string().nullable(),
    capacity: z.int().nullable(),
    left: z.int().nullable().openapi({ description: 'Neither held nor sold. Null: no limit.', example: 98 }),
  })
  .openapi('Offer');

/** Kassa's own paths begin where the shop's configuration says. */
const routeAt = (base_path: string) =>
  createRoute({
    path: `${base_path}/catalog`,
    method: 'get',
    summary: 'What is sold, for how much, and what is left',
    tags: ['shop'],
    responses: {
      200: {
        content: { 'application/json': { schema: z.object({ offers: z.array(OfferBody) }) } },
        description: 'All.',
      },
    },
  });

/** The catalogue as a shop page draws it. Nothing in it is secret; nothing in it is taken back as a price. */
export function readCatalog(house: HttpHouse, limiter: Limiter): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>();
  app.openapi(routeAt(house.settings.base_path), async (c) => {
    limiter.take('read_catalog_per_ip', c.get('caller_address'));
    const offers = await house.listOffers();
    return c.json({ offers: offers.map(draw) }, 200);
  });
  return app;
}

function draw(offer: OfferOnSale): z.infer<typeof OfferBody> {
  const { stock } = offer;
  const decimal = (minor: number | null, currency: string) =>
    minor === null ? null : decimalFromMinor(minor, currency);
  return {
    offer: offer.external_id,
    kind: offer.kind,
    name: offer.name,
    description: offer.description,
    prices: offer.prices.map((price) => ({
      currency: price.currency,
      unit_minor: price.unit_minor,
      unit: decimal(price.unit_minor, price.currency),
      minimum: decimal(price.minimum_minor, price.currency),
      maximum: decimal(price.maximum_minor, price.currency),
      stripe_price_id: price.stripe_price_id,
    })),
    max_per_order: offer.max_per_order,
    starts_at: offer.starts_at?.toISOString() ?? null,
    time_zone: offer.time_zone,
    capacity: stock?.capacity ?? null,
    left: stock === null ? null : Math.max(0, stock.capacity - stock.held - stock.sold),
  };
}
