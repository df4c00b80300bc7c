import type { Message, Part, ToolCallPart } from '../conversation.ts';
import { applyHunks, patchesIn, type FilePatch } from './apply-patch.ts';
import type { InlineFiles } from './inline-files.ts';
import { listOf, objectOf, objectsOf, textOf, type JsonObject } from './untyped.ts';

/*
 * The files that an agent wrote, as they are after the session as far as its calls tell: written whole, and then edited.
 * A file that was there before, and only edited, is in no call as a whole. What a command did to a file is not seen.
 */

/**
 * Adds the files that were written in the working folder, named by their path below it, to the files of a conversation.
 * Only what calls that are shown have written is seen.
 *
 * @param folder  The working folder; where it is not known, files with a relative path are taken.
 * @returns Parts that no message shows: for `InlineFiles.shown`.
 */
export function addWrittenFiles(
  files: InlineFiles,
  messages: readonly Message[],
  folder: string | undefined,
): Part[] {
  const desk = new Desk(folder);
  for (const call of callsIn(messages)) if (call.status === 'done') desk.follow(call);
  return [...desk.texts].map(([name, text]) => files.addText(name, text, mediaTypeOf(name)));
}

function callsIn(messages: readonly Message[]): ToolCallPart[] {
  return messages.flatMap(({ parts }) =>
    parts.flatMap((part) =>
      part.type === 'tool-call' ? [...callsIn(part.subAgent?.messages ?? []), part] : [],
    ),
  );
}

const mediaTypes: ReadonlyMap<string, string> = new Map([
  ['md', 'text/markdown'],
  ['csv', 'text/csv'],
  ['json', 'application/json'],
]);

function mediaTypeOf(name: string): string {
  return mediaTypes.get(/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? '') ?? 'text/plain';
}

/** Some hundred edits could make a text as large as one likes. */
const longestText = 2 * 1024 * 1024;

interface Edit {
  from: string;
  to: string;
  all: boolean;
}

/** What is written so far. */
class Desk {
  /** Name → text. */
  readonly texts = new Map<string, string>();
  readonly #folder: string | undefined;

  constructor(folder: string | undefined) {
    this.#folder = folder === undefined ? undefined : segmentsOf(folder)?.join('/');
  }

  /** The names are those of Claude Code, Codex, opencode, Gemini CLI and of the editor tool of the Anthropic API. */
  follow({ name, input: given }: ToolCallPart): void {
    const input = objectOf(given) ?? {};
    const patch = patchText(name, given);
    const path = ['file_path', 'filePath', 'path', 'absolute_path', 'notebook_path']
      .map((field) => textOf(input[field]))
      .find((text) => text !== undefined);
    if (patch !== undefined) this.#patch(patchesIn(patch), textOf(input['workdir']));
    else if (path !== undefined) this.#write(name.toLowerCase(), this.#nameOf(path), input);
  }

  #write(tool: string, name: string | undefined, input: JsonObject): void {
    if (name === undefined) return;
    const content = textOf(input['content']) ?? textOf(input['file_text']);
    const writes = ['write', 'write_file', 'create_file'].includes(tool) || input['command'] === 'create';
    if (writes && content !== undefined) this.#set(name, content);
    else if (tool === 'notebookedit' || input['command'] === 'insert') this.texts.delete(name);
    else if (/^(?:edit|multiedit|replace|str_replace.*)$/.test(tool)) {
      const edits = editsIn(input);
      if (edits.length > 0) this.#set(name, edited(this.texts.get(name), edits));
    }
  }

  #patch(patches: readonly FilePatch[], folder: string | undefined): void {
    for (const patch of patches) {
      const name = this.#nameOf(patch.path, folder);
      if (name === undefined) continue;
      if (patch.kind === 'add') this.#set(name, patch.text);
      else if (patch.kind === 'delete') this.texts.delete(name);
      else {
        const before = this.texts.get(name);
        const moved = patch.movedTo === undefined ? name : this.#nameOf(patch.movedTo, folder);
        this.texts.delete(name);
        if (moved !== undefined && before !== undefined) this.#set(moved, applyHunks(before, patch.hunks));
      }
    }
  }

  /** Undefined where it is not known any more what is in it. */
  #set(name: string, text: string | undefined): void {
    if (text === undefined || text.length > longestText) this.texts.delete(name);
    else this.texts.set(name, text);
  }

  /** The path below the working folder; undefined for a file elsewhere. */
  #nameOf(path: string, folder = ''): string | undefined {
    const inside = isAbsolute(folder) ? folder : `${this.#folder ?? ''}/${folder}`;
    const isKnown = this.#folder !== undefined;
    if (!isKnown && (isAbsolute(path) || isAbsolute(folder))) return undefined;
    const segments = segmentsOf(isAbsolute(path) ? path : `${inside}/${path}`);
    const name = segments?.join('/');
    const start = isKnown && this.#folder !== '' ? `${this.#folder}/` : '';
    if (path.startsWith('~') || name === undefined || !name.startsWith(start)) return undefined;
    return name.slice(start.length) || undefined;
  }
}

function isAbsolute(path: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path);
}

/** Without `.` and `..`; undefined where a `..` leads out of the root. */
function segmentsOf(path: string): string[] | undefined {
  const segments: string[] = [];
  for (const segment of path.split(/^[A-Za-z]:|\\/.test(path) ? /[/\\]/ : '/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments;
}

/** A patch is the input, a field of it, or in the command that it is piped into. */
function patchText(name: string, input: unknown): string | undefined {
  if (typeof input === 'string') return /^(?:apply_)?patch$/.test(name) ? input : undefined;
  const fields = objectOf(input) ?? {};
  const patch = ['input', 'patch', 'patchText'].map((field) => textOf(fields[field]));
  const command = fields['command'] ?? fields['cmd'];
  const words = typeof command === 'string' ? [command] : listOf(command);
  const script = words[0] === 'apply_patch' ? `apply_patch ${textOf(words[1])}` : textOf(words.at(-1));
  return (
    patch.find((text) => text !== undefined && /^\s*\*\*\* Begin Patch/.test(text)) ??
    (/^\s*(?:cd \S+ && )?apply_patch\b/.test(script ?? '') ? script : undefined)
  );
}

function editsIn(input: JsonObject): Edit[] {
  const list = objectsOf(input['edits']);
  return (list.length > 0 ? list : [input]).flatMap((edit): Edit[] => {
    const from = firstOf(edit, ['old_string', 'oldString', 'old_str']);
    const to = firstOf(edit, ['new_string', 'newString', 'new_str']);
    const all = edit['replace_all'] === true || edit['replaceAll'] === true;
    return from === undefined || to === undefined ? [] : [{ from, to, all }];
  });
}

function firstOf(fields: JsonObject, names: readonly string[]): string | undefined {
  return names.map((name) => textOf(fields[name])).find((text) => text !== undefined);
}

function edited(text: string | undefined, edits: readonly Edit[]): string | undefined {
  let now = text;
  for (const edit of edits) now = editedOnce(now, edit);
  return now;
}

/** To replace nothing is to write a file that is not there. */
function editedOnce(text: string | undefined, { from, to, all }: Edit): string | undefined {
  if (from === '') return text === undefined || text === '' ? to : undefined;
  if (!text?.includes(from)) return undefined;
  if (!all) return text.replace(from, () => to);
  const pieces = text.split(from);
  const length = text.length + (pieces.length - 1) * (to.length - from.length);
  return length > longestText ? undefined : pieces.join(to);
}
