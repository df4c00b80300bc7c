import type { BigIntStats } from 'node:fs';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

import type { Headers } from './headers.ts';
import type { Coding, Validators } from './negotiation.ts';
import { isSameFile } from './output-files.ts';

/** A file's bytes in one coding, with everything a response needs worked out beforehand. */
interface Variant {
  bytes: Buffer;
  validators: Validators | undefined;
  /** Name, value, name, value, …: the form that `writeHead` takes without copying. */
  headers: readonly string[];
  /** The same without what RFC 9110, 15.4.5 leaves out of a 304. */
  freshHeaders: readonly string[];
}

export interface SmallFile {
  bytes: Buffer;
  headers: Headers;
  compressible: boolean;
  /** Absent where a client must not keep a copy: the 404 page. */
  validators: Validators | undefined;
  variants: Map<Coding, Promise<Variant>>;
}

/** What must still be true for a file in memory to be served. */
interface Identity {
  stat: BigIntStats;
  /** What a download is called: it stands in another file, and in the headers. */
  name: string;
}

export interface Memory {
  /** The file under a path, if it is still the one described. */
  match(path: string, identity: Identity): SmallFile | undefined;
  keep(path: string, identity: Identity, file: SmallFile): void;
  forget(path: string): void;
  /** Bytes in the wanted coding, or as they are where that would not be shorter. Made once, then remembered. */
  variant(path: string, file: SmallFile, wanted: Coding): Promise<Variant>;
  readonly heldBytes: number;
}

interface Entry {
  identity: Identity;
  file: SmallFile;
  heldBytes: number;
}

/** Keeps small files and their codings; the longest unused go first once there are more than `limitBytes`. */
export function createMemory(limitBytes: number): Memory {
  const entries = new Map<string, Entry>();
  let heldBytes = 0;

  function forget(path: string): void {
    heldBytes -= entries.get(path)?.heldBytes ?? 0;
    entries.delete(path);
  }

  function grow(path: string, file: SmallFile, bytes: number): void {
    const entry = entries.get(path);
    if (entry?.file !== file) return; // dropped or replaced while it was being compressed
    entry.heldBytes += bytes;
    heldBytes += bytes;
    dropUnused();
  }

  function dropUnused(): void {
    for (const path of entries.keys()) {
      if (heldBytes <= limitBytes) return;
      forget(path);
    }
  }

  async function make(path: string, file: SmallFile, coding: Coding): Promise<Variant> {
    const bytes = await encode(file.bytes, coding);
    if (bytes.length >= file.bytes.length) return toVariant(file, file.bytes, 'identity');
    grow(path, file, bytes.length);
    return toVariant(file, bytes, coding);
  }

  return {
    match(path, identity) {
      const entry = entries.get(path);
      if (entry === undefined || !isSame(entry.identity, identity)) return undefined;
      entries.delete(path); // a Map keeps the order of insertion: its first entry is the longest unused
      entries.set(path, entry);
      return entry.file;
    },
    keep(path, identity, file) {
      forget(path);
      entries.set(path, { identity, file, heldBytes: file.bytes.length });
      heldBytes += file.bytes.length;
      dropUnused();
    },
    forget,
    variant(path, file, wanted) {
      const coding = file.compressible && file.bytes.length >= worthCompressingBytes ? wanted : 'identity';
      const known = file.variants.get(coding);
      if (known !== undefined) return known;
      const variant = make(path, file, coding);
      file.variants.set(coding, variant);
      variant.catch(() => file.variants.delete(coding)); // the next request tries again
      return variant;
    },
    get heldBytes() {
      return heldBytes;
    },
  };
}

function isSame(one: Identity, other: Identity): boolean {
  return one.name === other.name && isSameFile(one.stat, other.stat);
}

/** Below this the packets are the same. */
const worthCompressingBytes = 512;

/** Brotli at 5 packs about as well as gzip at 9 and a little faster; 11 would cost fifty times as much. */
const brotliQuality = 5;

const toGzip = promisify(gzip);
const toBrotli = promisify(brotliCompress);

async function encode(bytes: Buffer, coding: Coding): Promise<Buffer> {
  if (coding === 'gzip') return toGzip(bytes);
  if (coding === 'identity') return bytes;
  return toBrotli(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: brotliQuality,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}

function toVariant(file: SmallFile, bytes: Buffer, coding: Coding): Variant {
  const { 'Content-Type': contentType = 'application/octet-stream', ...rest } = file.headers;
  const validators = file.validators && {
    etag: coding === 'identity' ? file.validators.etag : file.validators.etag.replace(/"$/, `-${coding}"`),
    lastModified: file.validators.lastModified,
  };
  const fresh: Headers = {
    ...rest,
    ...(validators && { ETag: validators.etag, 'Last-Modified': validators.lastModified }),
  };
  const headers: Headers = {
    'Content-Type': contentType,
    'Content-Length': String(bytes.length),
    ...(coding === 'identity' ? {} : { 'Content-Encoding': coding }),
    ...fresh,
  };
  return {
    bytes,
    validators,
    headers: Object.entries(headers).flat(),
    freshHeaders: Object.entries(fresh).flat(),
  };
}
