import { ShareError } from '../errors.ts';
import { maxSizeBytes } from './json.ts';

const code = {
  quote: 0x22,
  backslash: 0x5c,
  comma: 0x2c,
  open: 0x5b,
  close: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
};

/**
 * Cuts a JSON array into its elements without reading it whole: an export of many conversations may be larger than the
 * memory. Only strings and brackets are looked at; whether an element is JSON shows when it is parsed.
 *
 * @param chunks  UTF-8; a byte order mark is tolerated.
 * @returns The bytes of each element, in order.
 * @throws ShareError `source_invalid`, without the file's name, when it is no array, ends inside an element (which the
 *   elements before do not suffer from), or an element is larger than `parseJson` takes.
 */
export async function* jsonElements(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const cutter = new Cutter();
  for await (const chunk of chunks) yield* cutter.take(chunk);
  cutter.end();
}

class Cutter {
  /** Brackets that are open; the array itself is the first. */
  private depth = 0;
  private inString = false;
  private escaped = false;
  private finished = false;
  private count = 0;
  private pieces: Uint8Array[] = [];
  private sizeBytes = 0;

  *take(chunk: Uint8Array): Generator<Uint8Array> {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (byte === code.backslash) this.escaped = true;
        else if (byte === code.quote) this.inString = false;
      } else if (byte === code.quote) {
        if (this.depth === 0) throw notAnArray();
        this.inString = true;
      } else if (byte === code.open || byte === code.openObject) {
        if (this.depth === 0) {
          if (byte !== code.open || this.finished) throw notAnArray();
          start = at + 1;
        }
        this.depth++;
      } else if (byte === code.close || byte === code.closeObject) {
        this.depth--;
        if (this.depth === 0) {
          yield* this.cut(chunk.subarray(start, at));
          this.finished = true;
        }
        if (this.depth < 0) throw notAnArray();
      } else if (byte === code.comma && this.depth === 1) {
        yield* this.cut(chunk.subarray(start, at));
        start = at + 1;
      } else if (this.depth === 0 && byte > 0x20 && !(byte >= 0xbb && byte <= 0xef)) throw notAnArray();
    }
    if (this.depth > 0) this.keep(chunk.subarray(start));
  }

  end(): void {
    if (this.finished) return;
    if (this.depth === 0) throw notAnArray();
    throw new ShareError('source_invalid', `the file ends inside element ${this.count + 1} of its list.`, {
      hint: 'Download the export again: it is cut off.',
    });
  }

  private keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.sizeBytes += piece.length;
    if (this.sizeBytes > maxSizeBytes)
      throw new ShareError(
        'source_invalid',
        `element ${this.count + 1} of its list is larger than ${maxSizeBytes / 1024 / 1024} MiB.`,
      );
    this.pieces.push(Uint8Array.from(piece)); // the chunk's memory may be used again
  }

  private *cut(last: Uint8Array): Generator<Uint8Array> {
    this.keep(last);
    const bytes = Buffer.concat(this.pieces);
    this.pieces = [];
    this.sizeBytes = 0;
    if (bytes.every((byte) => byte <= 0x20)) return;
    this.count++;
    yield bytes;
  }
}

function notAnArray(): ShareError {
  return new ShareError('source_invalid', 'the file is no JSON array.');
}
