import { z } from '@hono/zod-openapi';

/** A field that may be left out. Clients that write down what they leave out send null, and mean the same by it. */
export function orNull<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((sent) => (sent === null ? undefined : sent), schema.optional());
}
