/**
 * A process that does nothing but serve the folder that is named, so that what it holds in memory is the server's. It
 * tells its port, then the bytes of its memory whenever its parent says anything.
 */
import { startServer } from '../../src/serve/server.ts';

const [, , folder = ''] = process.argv;
const server = await startServer({
  folder,
  host: '127.0.0.1',
  port: 0,
  onError: (error) => console.error('failed:', error),
});

process.on('message', () => process.send?.(process.memoryUsage.rss()));
process.on('disconnect', () => process.exit(0));
process.send?.(server.port);
