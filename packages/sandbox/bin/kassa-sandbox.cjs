#!/usr/bin/env node
// Old-syntax JavaScript on purpose: it has to run far enough on any Node to say which one is needed.
var path = require('node:path');
var fs = require('node:fs');
var childProcess = require('node:child_process');

var version = process.versions.node.split('.').map(Number);
var enough = version[0] > 22 || (version[0] === 22 && version[1] >= 18);

function bundledNode() {
  var folder = __dirname;
  while (folder !== path.dirname(folder)) {
    var candidate = path.join(folder, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
    if (fs.existsSync(candidate)) return candidate;
    folder = path.dirname(folder);
  }
  return undefined;
}

if (enough) {
  import('../src/command.ts')
    .then((command) => command.main(process.argv.slice(2)))
    .catch((error) => {
      console.error(error?.message ? error.message : String(error));
      process.exit(3);
    });
} else {
  var node = bundledNode();
  if (!node || process.env.KASSA_SANDBOX_NODE) {
    console.error(`kassa-sandbox needs Node 22.18 or newer; this is ${process.versions.node}.`);
    process.exit(3);
  }
  var env = Object.assign({}, process.env, { KASSA_SANDBOX_NODE: '1' });
  var child = childProcess.spawnSync(node, [__filename].concat(process.argv.slice(2)), { stdio: 'inherit', env: env });
  process.exit(child.status === null ? 1 : child.status);
}
