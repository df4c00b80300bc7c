/** A process that does to a data folder what its parent says, one thing after the other. See `hands.ts`. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openApp } from '../../cli/app.ts';
import type { AppPaths } from '../../cli/desk.ts';
import { ShareError } from '../../src/errors.ts';
import { aConversation } from '../support/data-folder.ts';
import type { Deed, Reply } from './hands.ts';

const paths = JSON.parse(process.argv[2] ?? '') as AppPaths;
const bugs: string[] = [];
const app = await openApp(paths, {
  onTrouble: (error) => {
    if (!(error instanceof ShareError)) bugs.push(inFull(error));
  },
});

function inFull(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Enough for a page of several writes. */
const messages = 40;

function write({ conversation, words, files, isAtomic }: Extract<Deed, { do: 'write' }>): void {
  const folder = join(paths.library, conversation);
  for (const name of ['0.txt', '1.txt', '2.txt'].slice(files))
    rmSync(join(folder, 'files', name), { force: true });
  mkdirSync(join(folder, 'files'), { recursive: true });
  for (let index = 0; index < files; index++)
    // The first file stays the same, so that a publish keeps it.
    put(join(folder, 'files', `${index}.txt`), index === 0 ? 'kept' : `file ${words}`, isAtomic);
  const text = `${words} `.repeat(20);
  const content = aConversation({
    title: words,
    messages: Array.from({ length: messages }, (_, index) => ({
      id: `m${index}`,
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: text,
    })),
  });
  put(join(folder, 'conversation.json'), JSON.stringify({ id: conversation, ...content }), isAtomic);
}

function put(path: string, content: string, isAtomic: boolean): void {
  if (!isAtomic) {
    writeFileSync(path, content);
    return;
  }
  const draft = join(paths.data, `draft-${process.pid}`);
  writeFileSync(draft, content);
  renameSync(draft, path);
}

/** A conversation that its owner moved away, whole. */
const hidden = (conversation: string): string => join(paths.data, 'hidden', conversation);

function move(from: string, to: string): void {
  if (!existsSync(from) || existsSync(to)) return;
  mkdirSync(dirname(to), { recursive: true });
  renameSync(from, to);
}

async function perform(deed: Deed): Promise<Reply> {
  const { publisher } = app;
  switch (deed.do) {
    case 'write':
      write(deed);
      return {};
    case 'remove':
      rmSync(join(paths.library, deed.conversation), { recursive: true, force: true });
      return {};
    case 'hide':
      move(join(paths.library, deed.conversation), hidden(deed.conversation));
      return {};
    case 'show':
      move(hidden(deed.conversation), join(paths.library, deed.conversation));
      return {};
    case 'create': {
      const { share, created } = await publisher.create(deed.conversation, deed.owner);
      return { share: share.id, created };
    }
    case 'revoke':
      publisher.revoke(deed.share, deed.owner);
      return {};
    case 'sync':
      return { outcome: await publisher.sync(deed.conversation) };
    case 'syncAll':
      await publisher.syncAll();
      return {};
  }
}

/** People who change the same files at once meet such errors, and no share is the worse for it. */
const isAboutTheirFiles = (error: unknown): boolean =>
  error instanceof Error &&
  'syscall' in error &&
  'path' in error &&
  [paths.library, join(paths.data, 'hidden')].some((folder) => String(error.path).startsWith(folder));

async function answer(deed: Deed): Promise<Reply> {
  try {
    return await perform(deed);
  } catch (error) {
    if (error instanceof ShareError) return { error: { code: error.code, message: error.message } };
    if (isAboutTheirFiles(error) && ['write', 'remove', 'hide', 'show'].includes(deed.do)) return {};
    return { error: { code: 'bug', message: inFull(error) } };
  }
}

process.on('message', (deed: Deed) => {
  void answer(deed).then((reply) => process.send?.({ ...reply, bugs: bugs.splice(0) }));
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
