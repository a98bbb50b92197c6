// One product, sold in a form inside its page. Data only: every command can load this file.
import { defineKassa, item, smtp, usd } from 'kassa';

export default defineKassa({
  currency: 'usd',
  seller: { name: 'Hero Me', email: 'hello@heroboards.test', country: 'US' },
  catalog: {
    board: item({
      name: 'Hero Me Feelings - Personalized AAC Board',
      description: 'AI-powered personalized feelings board with 24+ custom images',
      price: usd('2.00'),
    }),
  },
  database: process.env.DATABASE_URL,
  stripe: { secretKey: process.env.STRIPE_SECRET_KEY },
  notify: { email: smtp(process.env.SMTP_URL) },
  // Methods that must leave the page come back to /hero-me; a card never leaves.
  contracts: { 'embedded-checkout': { product: 'board', returnPath: '/hero-me' } },
});
