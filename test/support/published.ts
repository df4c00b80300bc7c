import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

/** Bytes as text in which any ASCII is found: percent-encoding and entities leave the letters of a canary as they are. */
export const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Path below `folder` → bytes. */
export function everyFile(folder: string): Map<string, Buffer> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => !entry.isDirectory(),
  );
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path)] as const;
    }),
  );
}

/** Name → bytes, read through the central directory (APPNOTE.TXT 4.3.12), as unpackers do. */
export function everyEntry(zip: Buffer): Map<string, Buffer> {
  const entries = new Map<string, Buffer>();
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      zip.readUInt16LE(at + offset),
    );
    const name = zip.toString('utf8', at + 46, at + 46 + (nameLength ?? 0));
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(start, start + zip.readUInt32LE(at + 20));
    entries.set(name, zip.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed));
    at += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0);
  }
  return entries;
}

/** Every name and byte below `folder`, and once more what is packed in its ZIPs: place → text. */
export function everythingIn(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [path, bytes] of everyFile(folder)) {
    found.set(path, `${path}\n${latin1(bytes)}`);
    if (!path.endsWith('.zip')) continue;
    for (const [name, content] of everyEntry(bytes))
      found.set(`${path}: ${name}`, `${name}\n${latin1(content)}`);
  }
  return found;
}
