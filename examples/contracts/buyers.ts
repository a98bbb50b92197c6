/** Who is signed in with the two tokens that `npm run contracts` prints, and with the cookie `shop_session=<user_id>`. */
export const BUYERS = {
  a: { user_id: 'ada', email: 'ada@example.com' },
  b: { user_id: 'ben', email: 'ben@example.com' },
} as const;
