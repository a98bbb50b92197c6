// The shop of the checks, whose pages may stand anywhere: in test mode alone.
import { defineKassa } from 'kassa';
import alone from './alone.config.ts';

export default defineKassa({ ...alone, cors: 'any' });
