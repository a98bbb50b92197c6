// Makes a fresh clone ready for `npm start` and `npm test`. npm runs it before each of them, on the host's own Node,
// before anything is installed: so it is plain JavaScript, and this first file is written so that even a very old
// Node can read it and say what is wrong. The work is in set-up.mjs, loaded only when this Node can read that too.
const OLDEST_HOST_MAJOR = 18;
const found = Number(process.versions.node.split('.')[0]);

if (found < OLDEST_HOST_MAJOR) {
  process.stderr.write(
    `Node ${found} found; ${OLDEST_HOST_MAJOR} or newer is needed to set up (the project then uses its own Node 24).\n`,
  );
  process.exitCode = 3;
} else {
  import('./set-up.mjs').then(
    (setUp) => setUp.ready(process.argv[2] || 'start'),
    (error) => {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
      process.exitCode = 1;
    },
  );
}
