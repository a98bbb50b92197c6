// The variants do for a paid order, and know buyers, as the shop of the checks does.
export { default } from '../kassa.hooks.ts';
