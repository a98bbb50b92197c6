import type { CommandDef } from 'citty';
import { doctor as examine } from '../../flows/proof/doctor.ts';
import { systemHttp } from '../../system.ts';
import { type Printer, printerTo } from '../printer.ts';
import { atOpened, SHOP_ARGS } from './opened.ts';

export const doctor: CommandDef = {
  meta: {
    name: 'doctor',
    description:
      'Whether money can be taken and webhooks arrive, with a cure for each line that is not green. Exit 1 if any',
  },
  args: {
    live: { type: 'boolean', description: 'Before going live: also what is only a warning now has to be mended' },
    ...SHOP_ARGS,
  },
  run: ({ args }) => runDoctor(args, printerTo(process.stdout, args.json === true)),
};

const MARKS = { ok: '✓', warn: '!', bad: '✗' };

async function runDoctor(args: Readonly<Record<string, unknown>>, printer: Printer): Promise<number> {
  return atOpened(args, async ({ house, ears, settings, hooks }) => {
    const { stripe, webhook_secrets, frontend, offers, notify, database_url } = settings;
    const lines = await examine(house, {
      behind: stripe.kind,
      is_restricted_key: stripe.kind === 'stripe' && stripe.secret_key.startsWith('rk_'),
      webhook_secrets: webhook_secrets.length,
      origins: frontend.origins,
      on_sale: offers.length,
      hooks: Object.keys(hooks.on),
      mails_leave: notify.smtp_url !== null,
      embedded_database: database_url === null,
      types: ears.types,
      http: systemHttp(),
    });
    for (const { id, level, sentence, fix } of lines) {
      const cure = fix === null ? '' : `    fix: ${fix}`;
      printer.say(` ${MARKS[level]} ${sentence}${cure}`, {
        what: 'examined',
        id,
        ok: level === 'ok',
        level,
        sentence,
        fix,
      });
    }
    const count = (level: string): number => lines.filter((line) => line.level === level).length;
    const counts = { red: count('bad'), yellow: count('warn'), green: count('ok') };
    printer.say(`${counts.red} red, ${counts.yellow} yellow, ${counts.green} green`, { what: 'doctor', ...counts });
    return counts.red > 0 || (args.live === true && counts.yellow > 0) ? 1 : 0;
  });
}
