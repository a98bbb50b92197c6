import { parseArgs } from 'node:util';
import type { SandboxOptions } from './kernel/options.ts';
import { createSandbox } from './sandbox.ts';
import { serveSandbox } from './serve.ts';
import { randomSeed } from './system.ts';

const HELP = `kassa-sandbox: a local, stateful stand-in for Stripe's API. Unofficial, not affiliated with Stripe.

  --port 4243               where it listens, on 127.0.0.1 only
  --store FILE              keep everything in this file; default: memory
  --webhook URL=SECRET      send webhooks there, signed with the secret; may be given more than once
  --seed TEXT               same seed and same calls give the same ids
  --quiet                   no line per call
  --help
`;

interface Arguments {
  port: number;
  quiet: boolean;
  options: SandboxOptions;
}

/** @throws Error with a sentence for arguments that cannot be read */
function readArguments(args: string[]): Arguments | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string' },
      store: { type: 'string' },
      webhook: { type: 'string', multiple: true },
      seed: { type: 'string' },
      quiet: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return 'help';
  const port = Number(values.port ?? 4243);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port ${values.port}: not a port.`);
  const fromEnvironment = process.env.KASSA_SANDBOX_WEBHOOK_URL;
  const secret = process.env.KASSA_SANDBOX_WEBHOOK_SECRET ?? 'whsec_sandbox_local';
  const webhooks = (values.webhook ?? []).map(readWebhook);
  if (fromEnvironment) webhooks.push({ url: fromEnvironment, secret });
  return {
    port,
    quiet: values.quiet ?? false,
    options: {
      webhooks,
      ...(values.store === undefined ? {} : { store: values.store }),
      // Without a seed of its own nobody should be able to guess the control token.
      seed: values.seed ?? randomSeed(),
    },
  };
}

function readWebhook(text: string): { url: string; secret: string } {
  const [, url = '', secret = ''] = /^(.*)=(whsec_[^=]+)$/.exec(text) ?? [];
  if (!URL.canParse(url)) throw new Error(`--webhook ${text}: write it as http://127.0.0.1:4242/webhook=whsec_…`);
  return { url, secret };
}

/** Runs until it is told to stop. @throws Error with a sentence when it cannot start */
export async function main(args: string[]): Promise<void> {
  const read = readArguments(args);
  if (read === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const log = (line: Record<string, unknown>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const sandbox = createSandbox({ ...read.options, ...(read.quiet ? {} : { log }) });
  const served = await serveSandbox(sandbox, { port: read.port });
  process.stdout.write(
    `Sandbox   ${served.url}   (no money moves; unofficial, not affiliated with Stripe)\n` +
      `Secret    ${sandbox.keys.secret}\n` +
      `Browser   ${sandbox.keys.publishable}\n` +
      `Panel     ${served.url}/_sandbox\n` +
      `Control   header X-Sandbox-Control: 1, X-Sandbox-Token: ${sandbox.controlToken}\n`,
  );
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await served.close();
    await sandbox.close();
  };
  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());
}
