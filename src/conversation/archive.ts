import { promisify } from 'node:util';
import type { Readable } from 'node:stream';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { ShareError } from '../errors.ts';

export interface Archive {
  /** Names of the files in it, with `/`, in the order of the archive. */
  names: readonly string[];
  /** What the archive says; not to be relied on. */
  sizeBytes(name: string): number;
  /** @throws ShareError `source_invalid` when the bytes are broken. */
  chunks(name: string): AsyncIterable<Uint8Array>;
  /** @throws ShareError `source_invalid`, also for a file larger than `maxBytes`. */
  bytes(name: string, maxBytes: number): Promise<Uint8Array>;
  /** At most the first `maxBytes`. */
  head(name: string, maxBytes: number): Promise<Uint8Array>;
  close(): void;
}

const openZip = promisify<string, yauzl.Options, ZipFile>(yauzl.open);

/** Whether a file begins as ZIP files do. */
export function isArchive(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 0x03 && head[3] === 0x04;
}

/**
 * Opens a ZIP. Nothing is unpacked to the disk, so its names need not be safe.
 *
 * @throws ShareError `source_invalid` when it is no whole ZIP.
 */
export async function openArchive(path: string): Promise<Archive> {
  const zip = await explain(
    path,
    openZip(path, { lazyEntries: true, autoClose: false, strictFileNames: false }),
  );
  const entries = new Map<string, Entry>();
  try {
    await explain(path, listInto(zip, entries));
  } catch (error) {
    zip.close();
    throw error;
  }
  async function* chunks(name: string): AsyncGenerator<Uint8Array> {
    const entry = entries.get(name);
    if (entry === undefined) throw new Error(`There is no ${name} in the archive.`);
    try {
      const open = promisify<Entry, Readable>((one, done) => zip.openReadStream(one, done));
      for await (const chunk of await open(entry)) yield chunk as Uint8Array;
    } catch (error) {
      throw broken(path, error);
    }
  }
  return {
    names: [...entries.keys()],
    sizeBytes: (name) => entries.get(name)?.uncompressedSize ?? 0,
    chunks,
    async bytes(name, maxBytes) {
      const pieces: Uint8Array[] = [];
      let sizeBytes = 0;
      for await (const chunk of chunks(name)) {
        sizeBytes += chunk.length; // counted, not believed: a ZIP may say anything about its sizes
        if (sizeBytes > maxBytes)
          throw new ShareError(
            'source_invalid',
            `${path}: ${name} is larger than ${maxBytes / 1024 / 1024} MiB.`,
          );
        pieces.push(chunk);
      }
      return Buffer.concat(pieces);
    },
    async head(name, maxBytes) {
      const pieces: Uint8Array[] = [];
      let sizeBytes = 0;
      for await (const chunk of chunks(name)) {
        pieces.push(chunk);
        sizeBytes += chunk.length;
        if (sizeBytes >= maxBytes) break;
      }
      return Buffer.concat(pieces).subarray(0, maxBytes);
    },
    close: () => zip.close(),
  };
}

function listInto(zip: ZipFile, entries: Map<string, Entry>): Promise<void> {
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      if (!entry.fileName.endsWith('/')) entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.once('end', resolve);
    zip.once('error', reject);
    zip.readEntry();
  });
}

async function explain<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw broken(path, error);
  }
}

function broken(path: string, cause: unknown): unknown {
  if (cause instanceof ShareError || (cause instanceof Error && 'syscall' in cause)) return cause;
  return new ShareError('source_invalid', `${path}: is no whole ZIP file.`, {
    hint: 'Download the export again.',
    cause,
  });
}
