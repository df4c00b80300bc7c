/**
 * A process that publishes one conversation again and again, changing it each time, between the messages `go` and
 * `stop` of its parent. Used by the race of revoke against publish.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openApp } from '../../cli/app.ts';
import type { AppPaths } from '../../cli/desk.ts';
import { aConversation } from './data-folder.ts';

const paths = JSON.parse(process.argv[2] ?? '') as AppPaths;
const app = await openApp(paths);
let going = false;
let edits = 0;

async function publish(): Promise<void> {
  while (going) {
    const conversation = { id: 'talk', ...aConversation({ title: `Edit ${process.pid}.${++edits}` }) };
    writeFileSync(join(paths.library, 'talk', 'conversation.json'), JSON.stringify(conversation));
    await app.publisher.sync('talk');
    await nextTurn(); // after a revoke nothing above waits for the disk, and `stop` would never be heard
  }
  process.send?.('stopped');
}

process.on('message', (message) => {
  going = message === 'go';
  if (going) void publish();
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
