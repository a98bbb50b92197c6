import type { CommandDef } from 'citty';
import { type LoadedConfig, loadConfig } from '../config.ts';
import { type Printer, printerTo } from './printer.ts';
import { printReady } from './shop-process/ready-lines.ts';
import { runShop } from './shop-process/run-shop.ts';

export const dev: CommandDef = {
  meta: { name: 'dev', description: 'Run the shop on this computer, with everything it needs' },
  args: {
    config: { type: 'string', valueHint: 'folder', default: '.', description: 'Where kassa.config.ts is' },
    json: { type: 'boolean', description: 'One JSON object per line' },
  },
  run: ({ args }) => runDev(String(args.config), printerTo(process.stdout, args.json === true)),
};

async function runDev(where: string, printer: Printer): Promise<number> {
  const loaded = await loadConfig(where);
  const keys = process.stdin.isTTY === true && !printer.json;
  return runShop({
    loaded,
    printer,
    keys,
    ready: (shop) =>
      printReady(printer, shop, { ...hooksOf(loaded), keys, took_ms: Math.round(process.uptime() * 1000) }),
    already: (url) => printer.say(`kassa is running already: ${url}/`, { what: 'running', url }),
  });
}

function hooksOf({ hooks, hooks_file }: LoadedConfig): { hooks: string[]; hooks_file: string | null } {
  return { hooks: Object.keys(hooks.on), hooks_file };
}
