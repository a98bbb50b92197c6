// The official command line tool as a child process: its own home, no telemetry, and no way out of this machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createSandbox, type Sandbox, type SandboxOptions, serveSandbox } from '../../src/index.ts';

const require = createRequire(import.meta.url);

/** Where npm put the program for this platform. @throws Error with the cure when it is not installed */
function findBinary(): string {
  const manifest = require.resolve('@stripe/cli/package.json');
  const platforms = JSON.parse(readFileSync(join(dirname(manifest), 'platforms.json'), 'utf8')) as Record<
    string,
    { pkg: string; bin: string }
  >;
  const platform = platforms[`${process.platform}-${process.arch}`];
  if (!platform) throw new Error(`@stripe/cli has no program for ${process.platform}-${process.arch}.`);
  return join(dirname(require.resolve(`${platform.pkg}/package.json`)), 'bin', platform.bin);
}

export interface Ran {
  /** Exit code, or null when a signal ended it. */
  code: number | null;
  out: string;
  err: string;
}

/** A program that keeps running, such as `listen`. */
export interface Running {
  /** Everything it wrote so far, both streams. */
  text(): string;
  /** Resolves with the text as soon as it matches. @throws Error when the program ends first */
  says(pattern: RegExp): Promise<string>;
  /** Waits until it ends by itself. */
  ended(): Promise<Ran>;
  /** Ends it and waits for its end. */
  stop(): Promise<Ran>;
}

export interface CommandLine {
  sandbox: Sandbox;
  url: string;
  /** The folder in which it runs and in which it keeps its settings. */
  home: string;
  run(...args: string[]): Promise<Ran>;
  /** Runs it and reads what it prints as JSON. @throws Error when it fails */
  json<T = Record<string, unknown>>(...args: string[]): Promise<T>;
  start(...args: string[]): Running;
}

/**
 * Go's HTTP client sends nothing for 127.0.0.1 through a proxy and everything else: with a proxy that nobody serves,
 * the look for a newer version ends at once and in this machine.
 */
const NOWHERE = 'http://127.0.0.1:9';

function environment(home: string): NodeJS.ProcessEnv {
  return {
    HOME: home,
    USERPROFILE: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    PATH: process.env.PATH ?? '',
    HTTP_PROXY: NOWHERE,
    HTTPS_PROXY: NOWHERE,
    STRIPE_API_KEY: 'sk_test_sandbox_commandline',
    STRIPE_CLI_TELEMETRY_OPTOUT: '1',
    STRIPE_NO_AUTO_UPDATE: '1',
    STRIPE_DEVICE_NAME: 'shop',
  };
}

function watch(child: ChildProcess): Running {
  const ran: Ran = { code: null, out: '', err: '' };
  const waiting = new Set<() => void>();
  let ended = false;
  const wake = (): void => {
    for (const look of [...waiting]) look();
  };
  child.stdout?.on('data', (chunk) => {
    ran.out += String(chunk);
    wake();
  });
  child.stderr?.on('data', (chunk) => {
    ran.err += String(chunk);
    wake();
  });
  const end = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      ran.code = code;
      ended = true;
      resolve(ran);
      wake();
    });
  });
  const text = (): string => ran.out + ran.err;
  const says = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const said = pattern.test(text());
        if (!said && !ended) return;
        waiting.delete(look);
        if (said) resolve(text());
        else reject(new Error(`it ended without saying ${pattern}:\n${text()}`));
      };
      waiting.add(look);
      look();
    });
  return {
    text,
    says,
    ended: () => end,
    stop: () => {
      if (!ended) child.kill('SIGTERM');
      return end;
    },
  };
}

/** A served sandbox and the tool pointed at it, until it is closed. */
export async function openCommandLine(options: SandboxOptions = {}): Promise<CommandLine & { close(): Promise<void> }> {
  const sandbox = createSandbox({ strict: true, ...options });
  const served = await serveSandbox(sandbox, { port: 0, tickMs: 10 });
  const home = mkdtempSync(join(tmpdir(), 'kassa-cli-'));
  const binary = findBinary();
  const running = new Set<Running>();
  const start = (...args: string[]): Running => {
    const base = args.includes('--api-base') ? [] : ['--api-base', served.url];
    const all = [...args, ...base, '--color', 'off'];
    const program = watch(spawn(binary, all, { cwd: home, env: environment(home), stdio: ['ignore', 'pipe', 'pipe'] }));
    running.add(program);
    return program;
  };
  const run = (...args: string[]): Promise<Ran> => start(...args).ended();
  return {
    sandbox,
    url: served.url,
    home,
    start,
    run,
    json: async <T>(...args: string[]) => {
      const { code, out, err } = await run(...args);
      if (code !== 0) throw new Error(`stripe ${args.join(' ')} ended with ${code}:\n${out}${err}`);
      return JSON.parse(out) as T;
    },
    close: async () => {
      for (const program of running) await program.stop();
      await served.close();
      await sandbox.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The same, gone when the test ends. */
export async function commandLine(options: SandboxOptions = {}): Promise<CommandLine> {
  const opened = await openCommandLine(options);
  onTestFinished(() => opened.close());
  return opened;
}
