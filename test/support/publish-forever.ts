/**
 * A process that publishes one conversation again and again, changing it each time, between the messages `go` and
 * `stop` of its parent. Used by the race of revoke against publish.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openApp } from '../../cli/app.ts';
import type { AppPaths } from '../../cli/desk.ts';
import { aConversation } from './data-folder.ts';

const paths = JSON.parse(process.argv[2] ?? '') as AppPaths;
const draft = join(paths.data, `draft-${process.pid}.json`);
const app = await openApp(paths);
let going = false;
let edits = 0;

async function publish(): Promise<void> {
  while (going) {
    const conversation = { id: 'talk', ...aConversation({ title: `Edit ${process.pid}.${++edits}` }) };
    // Two processes that write one file in place leave what neither of them wrote.
    writeFileSync(draft, JSON.stringify(conversation));
    renameSync(draft, join(paths.library, 'talk', 'conversation.json'));
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
