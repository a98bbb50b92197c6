#!/usr/bin/env node
// Plain JavaScript on purpose: it has to run far enough on any Node to say which one is needed.
const path = require('node:path');
const fs = require('node:fs');
const childProcess = require('node:child_process');

const version = process.versions.node.split('.').map(Number);
const enough = version[0] > 22 || (version[0] === 22 && version[1] >= 18);

function bundledNode() {
  let folder = __dirname;
  while (folder !== path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
    if (fs.existsSync(candidate)) return candidate;
    folder = path.dirname(folder);
  }
  return undefined;
}

if (enough) {
  // The second start takes a quarter of the time of the first.
  require('node:module').enableCompileCache?.(path.join(__dirname, '..', 'node_modules', '.cache', 'kassa-sandbox'));
  import('../src/command.ts')
    .then((command) => command.main(process.argv.slice(2)))
    .catch((error) => {
      console.error(error?.message ? error.message : String(error));
      process.exit(3);
    });
} else {
  const node = bundledNode();
  if (!node || process.env.KASSA_SANDBOX_NODE) {
    console.error(`kassa-sandbox needs Node 22.18 or newer; this is ${process.versions.node}.`);
    process.exit(3);
  }
  const env = Object.assign({}, process.env, { KASSA_SANDBOX_NODE: '1' });
  const child = childProcess.spawnSync(node, [__filename].concat(process.argv.slice(2)), {
    stdio: 'inherit',
    env: env,
  });
  process.exit(child.status === null ? 1 : child.status);
}
