import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const json = JSON.stringify;
const start = Date.UTC(2026, 0, 1);

interface Kind {
  /** Below the home folder. */
  path(seed: number): string;
  text(seed: number, filler: string): string;
}

const title = (seed: number) => `Mend part ${seed} of the gate`;
const folder = (seed: number) => `/home/mira/project-${seed % 40}`;
const idOf = (seed: number) => `00000000-0000-4000-8000-${String(seed).padStart(12, '0')}`;
const day = (seed: number) => String((seed % 28) + 1).padStart(2, '0');

/** Where the tools keep their sessions, and how a session begins there. */
const kinds: readonly Kind[] = [
  {
    path: (seed) => `.claude/projects/-home-mira-project-${seed % 40}/${idOf(seed)}.jsonl`,
    text(seed, filler) {
      const common = { sessionId: idOf(seed), cwd: folder(seed), timestamp: '2026-03-01T10:00:00Z' };
      return lines(
        {
          type: 'user',
          uuid: 'a',
          parentUuid: null,
          ...common,
          message: { role: 'user', content: title(seed) },
        },
        {
          type: 'assistant',
          uuid: 'b',
          parentUuid: 'a',
          ...common,
          message: { role: 'assistant', content: filler },
        },
      );
    },
  },
  {
    path: (seed) =>
      `.codex/sessions/2026/03/${day(seed)}/rollout-2026-03-${day(seed)}T09-00-00-${idOf(seed)}.jsonl`,
    text(seed, filler) {
      const said = (role: string, type: string, text: string) => ({
        timestamp: '2026-03-01T10:00:00Z',
        type: 'response_item',
        payload: { type: 'message', role, content: [{ type, text }] },
      });
      return lines(
        {
          timestamp: '2026-03-01T10:00:00Z',
          type: 'session_meta',
          payload: { id: idOf(seed), cwd: folder(seed), originator: 'codex_cli_rs' },
        },
        said('user', 'input_text', title(seed)),
        said('assistant', 'output_text', filler),
      );
    },
  },
  {
    path: (seed) => `.gemini/tmp/project-${seed % 40}/chats/session-2026-03-${day(seed)}-${idOf(seed)}.jsonl`,
    text: (seed, filler) =>
      lines(
        { sessionId: idOf(seed), projectHash: 'x', startTime: '2026-03-01T10:00:00Z', kind: 'main' },
        { id: 'a', timestamp: '2026-03-01T10:00:00Z', type: 'user', content: [{ text: title(seed) }] },
        { id: 'b', timestamp: '2026-03-01T10:00:01Z', type: 'gemini', content: filler },
      ),
  },
  {
    path: (seed) => `.local/share/opencode/storage/session/project-${seed % 40}/ses_${seed}.json`,
    text: (seed) =>
      json({
        id: `ses_${seed}`,
        projectID: 'x',
        directory: folder(seed),
        title: title(seed),
        time: { created: start, updated: start },
      }),
  },
  {
    path: (seed) => `.pi/agent/sessions/--home-mira-project-${seed % 40}--/${idOf(seed)}.jsonl`,
    text(seed, filler) {
      const said = (id: string, parentId: string | null, message: object) => ({
        type: 'message',
        id,
        parentId,
        timestamp: '2026-03-01T10:00:00Z',
        message,
      });
      return lines(
        { type: 'session', version: 3, id: idOf(seed), timestamp: '2026-03-01T10:00:00Z', cwd: folder(seed) },
        said('a', null, { role: 'user', content: title(seed) }),
        said('b', 'a', { role: 'assistant', content: [{ type: 'text', text: filler }] }),
      );
    },
  },
];

function lines(...records: object[]): string {
  return records.map((record) => `${json(record)}\n`).join('');
}

/**
 * Fills a home folder with sessions of five coding agents, in equal parts; each is newer than the one before.
 *
 * @param sizeBytes  Of each, about; opencode keeps what was said in other files.
 */
export function writeSessions(home: string, count: number, sizeBytes: number): void {
  const filler = 'It is mended now, and painted. '.repeat(Math.ceil(sizeBytes / 31));
  for (let seed = 0; seed < count; seed++) {
    const kind = kinds[seed % kinds.length];
    if (kind === undefined) continue;
    const path = join(home, kind.path(seed));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, kind.text(seed, filler));
    const time = new Date(start + seed * 60_000);
    utimesSync(path, time, time);
  }
}
