import { open } from 'node:fs/promises';
import { contextOf, type Finding } from '../snapshot/secrets.ts';
import { scanTexts } from './scan.ts';

/** Bytes read at once. */
const pieceBytes = 4 * 1024 * 1024;
/** Read again with the next piece: a private key may begin in one and end in the other. */
const overlapBytes = 32 * 1024;

export interface FileFinding extends Pick<Finding, 'kind' | 'fingerprint'> {
  line: number;
  /** Its line, cut to what is around it, without the secrets in it. */
  context: string;
}

/**
 * Finds secrets in a file, whatever it says it is: bytes that are no text seldom look like one.
 *
 * Read as UTF-8, which leaves every letter of ASCII as it is, whatever stands beside it; a secret is ASCII. UTF-16 is
 * told by its mark.
 *
 * @param path  A file that nobody changes meanwhile.
 */
export async function scanFile(path: string): Promise<FileFinding[]> {
  const file = await open(path);
  try {
    const found = new Map<string, FileFinding>();
    const buffer = Buffer.allocUnsafe(pieceBytes);
    let kept = Buffer.alloc(0);
    let position = 0;
    let line = 1;
    let decode = (bytes: Buffer): string => bytes.toString();
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, pieceBytes, position);
      if (bytesRead === 0) return [...found.values()];
      if (position === 0) decode = decoderFor(buffer.subarray(0, bytesRead));
      position += bytesRead;
      const bytes = Buffer.concat([kept, buffer.subarray(0, bytesRead)]);
      const text = decode(bytes);
      const [findings = []] = await scanTexts([text]);
      for (const finding of findings) {
        const { kind, fingerprint, start } = finding;
        if (found.has(fingerprint)) continue; // what stands in the overlap is found twice
        const context = contextOf(text, findings, finding);
        found.set(fingerprint, { kind, fingerprint, line: line + linesIn(text.slice(0, start)), context });
      }
      kept = Buffer.from(bytes.subarray(Math.max(0, bytes.length - overlapBytes)));
      line += linesIn(decode(bytes.subarray(0, bytes.length - kept.length)));
    }
  } finally {
    await file.close();
  }
}

function decoderFor(beginning: Buffer): (bytes: Buffer) => string {
  const [first, second] = beginning;
  if (first === 0xff && second === 0xfe) return (bytes) => bytes.toString('utf16le');
  if (first === 0xfe && second === 0xff)
    return (bytes) =>
      Buffer.from(bytes.subarray(0, bytes.length & ~1))
        .swap16()
        .toString('utf16le');
  return (bytes) => bytes.toString();
}

function linesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
