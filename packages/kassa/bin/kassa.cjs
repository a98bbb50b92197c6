#!/usr/bin/env node
// biome-ignore-all lint: this file must be understood by every Node there is, so it is written in the oldest syntax.
'use strict';

// Kassa runs TypeScript directly, which Node can do since 22.18. On an older one this file finds the Node that the
// project brought along and hands over to it; without one it says what to install, instead of failing on a file ending.
var childProcess = require('child_process');
var fs = require('fs');
var path = require('path');

var NEEDED = [22, 18];
/** Exit code for "the environment does not fit". */
var ENVIRONMENT = 3;

function isNewEnough(version) {
  var parts = version.replace(/^v/, '').split('.');
  var major = Number(parts[0]);
  var minor = Number(parts[1]);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/** The nearest node_modules/.bin/node that is new enough, looking upwards from a folder. */
function findNode(folder) {
  var name = process.platform === 'win32' ? 'node.exe' : 'node';
  for (;;) {
    var candidate = path.join(folder, 'node_modules', '.bin', name);
    if (fs.existsSync(candidate)) {
      var answer = childProcess.spawnSync(candidate, ['--version'], { encoding: 'utf8' });
      if (answer.status === 0 && isNewEnough(answer.stdout.trim())) return candidate;
    }
    var parent = path.dirname(folder);
    if (parent === folder) return null;
    folder = parent;
  }
}

/** Runs the same command on another Node and ends as it ends. */
function handOver(node) {
  var child = childProcess.spawn(node, [__filename].concat(process.argv.slice(2)), { stdio: 'inherit' });
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (signal) {
    process.on(signal, function () {
      // A terminal sends Ctrl-C to both of us already; a second one would cut the child's clean stop short.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  });
  child.on('error', function (error) {
    process.stderr.write('Kassa could not start ' + node + ': ' + error.message + '\n');
    process.exit(ENVIRONMENT);
  });
  child.on('exit', function (code, signal) {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function main() {
  if (isNewEnough(process.versions.node)) return require('./import-main.cjs');
  var node = findNode(__dirname) || findNode(process.cwd());
  if (node) return handOver(node);
  var found = 'Kassa needs Node ' + NEEDED.join('.') + ' or newer; this is ' + process.versions.node + '.';
  process.stderr.write(found + ' Fix: nvm install 24\n');
  process.exit(ENVIRONMENT);
}

main();
