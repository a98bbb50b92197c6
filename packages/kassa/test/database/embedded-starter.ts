// A process of its own for the tests of the launcher: starts the database of a folder, says so in one line of JSON,
// then waits to be told to stop (a line on standard input) or to be killed.
import { startEmbedded } from '../../src/database/embedded/index.ts';
import { quietWorld } from '../setup/world.ts';

const [folder = ''] = process.argv.slice(2);
try {
  const { url, port, attached, stop } = await startEmbedded({ ...quietWorld, folder, fsync: false });
  console.log(JSON.stringify({ url, port, attached, pid: process.pid }));
  process.stdin.once('data', async () => {
    await stop();
    console.log(JSON.stringify({ stopped: true }));
    process.stdin.destroy();
  });
} catch (error) {
  console.log(JSON.stringify({ refused: (error as Error).message, name: (error as Error).name }));
  process.exitCode = 3;
}
