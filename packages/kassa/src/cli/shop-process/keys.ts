import { spawn } from 'node:child_process';

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
  linux: ['xdg-open'],
};
const CTRL_C = '\u0003';

/** Single keys of a terminal: each page of `pages` opens in the browser, `q` and Ctrl-C ask for a clean stop. */
export function listenToKeys(pages: Readonly<Record<string, string>>, ask: (why: string) => void): void {
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.on('data', (pressed) => {
    const key = String(pressed);
    const page = Object.hasOwn(pages, key) ? pages[key] : undefined;
    if (page !== undefined) open(page);
    else if (key === 'q') ask('q');
    // In raw mode the terminal sends no signal of its own.
    else if (key === CTRL_C) process.kill(process.pid, 'SIGINT');
  });
  process.on('exit', () => stdin.setRawMode(false));
}

function open(page: string): void {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const child = spawn(command, [...args, page], { stdio: 'ignore', detached: true });
  child.on('error', () => process.stdout.write(`  open ${page} in your browser\n`));
  child.unref();
}
