// The computer under a shop of the checks, loaded with `node --import`: its clock can be set forward from outside, and
// no cable leads to other computers. On SIGUSR2 it reads how many milliseconds it is ahead from the file that
// CHECKS_CLOCK names, and says so in the file `.set` beside it; timers keep their pace, as they do on a real machine
// whose clock is set.
import dns from 'node:dns';
import { readFileSync, writeFileSync } from 'node:fs';

const Real = Date;
let ahead_ms = readAhead();

globalThis.Date = class extends Real {
  constructor(...given) {
    if (given.length === 0) super(Real.now() + ahead_ms);
    else super(...given);
  }

  static now() {
    return Real.now() + ahead_ms;
  }
};

function readAhead() {
  return Number(readFileSync(process.env.CHECKS_CLOCK, 'utf8'));
}

process.on('SIGUSR2', () => {
  ahead_ms = readAhead();
  writeFileSync(`${process.env.CHECKS_CLOCK}.set`, String(ahead_ms));
});

const { lookup } = dns;
dns.lookup = (name, ...rest) => {
  if (['localhost', '127.0.0.1', '::1'].includes(name)) return lookup(name, ...rest);
  const error = Object.assign(new Error(`no way leads to ${name}`), { code: 'ENOTFOUND', hostname: name });
  return process.nextTick(rest.at(-1), error);
};
