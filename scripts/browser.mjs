// Is there a browser for the browser tests? The tests find it themselves (packages/sandbox/test/browser.ts, same
// order: KASSA_BROWSER, the bundled one, an installed one); this only says beforehand, and again at the end of the
// run, when there is none, because a skipped test must never be silent.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const INSTALLED = {
  linux: ['/usr/bin/google-chrome', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/microsoft-edge'],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: [
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
  ],
};

/**
 * Says why no browser can be driven, or the empty string when one can.
 * @param {string} root the repository's folder
 * @returns {string}
 */
export function missingBrowser(root) {
  const named = process.env.KASSA_BROWSER;
  if (named) return existsSync(named) ? '' : `KASSA_BROWSER names ${named}, which does not exist`;
  if (process.platform === 'linux' && process.arch === 'x64') {
    const packed = join(root, 'node_modules', '@sparticuz', 'chromium', 'bin', 'chromium.br');
    return existsSync(packed) ? '' : 'the package @sparticuz/chromium is not installed';
  }
  const places = INSTALLED[process.platform] || INSTALLED.linux;
  if (places.some((place) => existsSync(place))) return '';
  return `no Chrome or Chromium is installed on this ${process.platform}-${process.arch}; set KASSA_BROWSER to the path of one`;
}
