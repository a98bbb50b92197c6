// The shop of the checks without its neighbour, so that one Stripe key is enough.
import { defineKassa } from 'kassa';
import shop from '../kassa.config.ts';

const { tenants: _, ...alone } = shop;

export default defineKassa(alone);
