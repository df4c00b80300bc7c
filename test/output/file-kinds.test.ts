import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fileKind, kindLabel } from '../../src/output/file-kinds.ts';

const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const hex = (digits: string) => new Uint8Array(Buffer.from(digits.replaceAll(' ', ''), 'hex'));
const inert = { mediaType: 'application/octet-stream', passive: false };

const png = hex('89504e470d0a1a0a 0000000d 49484452 00000280 000001e0 08060000');
const gif = latin1('GIF89a\x40\x01\xf0\x00\x80');
const jpegFrame = 'ffc0 0011 08 01e0 0280 03 01220002110103110100';
const jpegHead = 'ffd8 ffe0 0010 4a46494600010100000100010000';
const zip = hex('504b0304 14000000');

describe('fileKind keeps the name of', () => {
  test.each([
    ['table.csv', latin1('a,b\n1,2\n'), 'text/csv'],
    ['empty.txt', new Uint8Array(), 'text/plain'],
    ['notes.md', latin1('# Title <b>x</b>'), 'text/markdown'],
    ['notebook.ipynb', latin1('{"cells": ["<html>"]}'), 'application/x-ipynb+json'],
    ['log.json', latin1('[1]'), 'application/json'],
    ['chart.png', png, 'image/png'],
    ['CHART.PNG', png, 'image/png'],
    ['photo.jpeg', hex(jpegHead + jpegFrame), 'image/jpeg'],
    ['dance.gif', gif, 'image/gif'],
    ['pic.avif', latin1('\0\0\0\x1cftypmif1\0\0\0\0mif1avif'), 'image/avif'],
    ['report.pdf', latin1('%PDF-1.7\n'), 'application/pdf'],
    ['sheet.xlsx', zip, 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
    ['all.zip', zip, 'application/zip'],
    ['old.doc', hex('d0cf11e0a1b11ae1'), 'application/msword'],
    ['song.mp3', latin1('ID3\x04'), 'audio/mpeg'],
    ['film.mp4', latin1('\0\0\0\x20ftypisom'), 'video/mp4'],
    ['v1.2.final.csv', latin1('a'), 'text/csv'],
  ])('%s', (name, head, mediaType) => {
    expect(fileKind({ name, head })).toMatchObject({ mediaType, servedName: name, passive: true });
  });
});

describe('fileKind makes inert by name', () => {
  test.each([
    ['page.html', 'page.html.wasm'],
    ['page.HTM', 'page.HTM.wasm'],
    ['drawing.svg', 'drawing.svg.wasm'],
    ['feed.xml', 'feed.xml.wasm'],
    ['page.xhtml', 'page.xhtml.wasm'],
    ['app.js', 'app.js.wasm'],
    ['app.mjs', 'app.mjs.wasm'],
    ['movie.swf', 'movie.swf.wasm'],
    ['Makefile', 'Makefile.wasm'],
    ['main.rs', 'main.rs.wasm'],
    ['page.html.bin', 'page.html.bin.wasm'],
    ['picture.svgz', 'picture.svgz.wasm'],
    ['.htaccess', 'htaccess.wasm'],
    // A host that looks at every extension must not find a program behind ours.
    ['shell.php', 'shell_php.wasm'],
    ['script.py', 'script_py.wasm'],
    ['x.php.csv', 'x_php.csv.wasm'],
    ['x.PHP5.txt', 'x_PHP5.txt.wasm'],
    ['x.html.txt', 'x.html.txt.wasm'],
    ['x.svg.md', 'x.svg.md.wasm'],
    ['x.shtml .csv', 'x_shtml .csv.wasm'],
    ['x.ph\u200bp.csv', 'x_php.csv.wasm'],
    ['csv', 'csv.wasm'],
    ['evil.wasm', 'evil.wasm.wasm'],
    ['folder.csv/page.html', 'page.html.wasm'],
  ])('%s → %s', (name, servedName) => {
    expect(fileKind({ name, head: latin1('a,b') })).toEqual({ ...inert, servedName });
  });
});

/** The table "identify an unknown MIME type" of the WHATWG MIME Sniffing standard. */
const sniffed = [
  ...[
    '<!DOCTYPE HTML',
    '<HTML',
    '<HEAD',
    '<SCRIPT',
    '<IFRAME',
    '<H1',
    '<DIV',
    '<FONT',
    '<TABLE',
    '<A',
    '<STYLE',
  ],
  ...['<TITLE', '<B', '<BODY', '<BR', '<P', '<!--', '<?xml'],
];
const utf16 = (text: string, bigEndian: boolean) => {
  const bytes = Buffer.from(text, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
};

describe('fileKind makes inert what begins like', () => {
  test.each(sniffed)('%s', (tag) => {
    for (const text of [tag, tag.toLowerCase()])
      for (const end of [' ', '>', ''])
        for (const space of ['', ' \t\n\f\r', '\0', ' '.repeat(1400)])
          for (const bytes of [
            latin1(space + text + end),
            latin1(`\xef\xbb\xbf${space}${text}${end}`),
            utf16(`\ufeff${space}${text}${end}`, false),
            utf16(`\ufeff${space}${text}${end}`, true),
          ])
            expect(fileKind({ name: 'a.txt', head: bytes }).passive, JSON.stringify(text)).toBe(false);
  });

  test('an SVG, an XML document without declaration, a processing instruction', () => {
    for (const text of ['<svg onload=x>', '<x:y xmlns:x="">', '<?php', '</p>', '<custom-element>'])
      expect(fileKind({ name: 'a.csv', head: latin1(text) }).passive).toBe(false);
  });

  test('but not a lone less-than sign, nor tags further on', () => {
    for (const text of ['<3 you', '< 5 %', 'a <script>', '{"a":"<html>"}'])
      expect(fileKind({ name: 'a.txt', head: latin1(text) }).passive).toBe(true);
  });
});

describe('fileKind makes inert by bytes and declared type', () => {
  test.each([
    ['a PNG that is a page', 'a.png', latin1('hello')],
    ['a JPEG that is a PNG', 'a.jpg', png],
    ['a PNG without bytes', 'a.png', new Uint8Array()],
    ['a WebP that is a WAV', 'a.webp', latin1('RIFF\0\0\0\0WAVEfmt ')],
    ['an AVIF that is an MP4', 'a.avif', latin1('\0\0\0\x20ftypisom')],
    ['a PDF with something before it', 'a.pdf', latin1('GIF89a%PDF-1.7')],
    ['a ZIP that is text', 'a.zip', latin1('hello')],
    ['a Word document that is text', 'a.docx', latin1('hello')],
    ['an MP3 that is UTF-16', 'a.mp3', hex('fffe6100')],
  ])('%s', (_name, name, head) => {
    expect(fileKind({ name, head })).toEqual({ ...inert, servedName: `${name}.wasm` });
  });

  test.each([
    'text/html',
    'TEXT/HTML; charset=utf-8',
    'image/svg+xml',
    'application/xhtml+xml',
    'text/javascript',
  ])('text declared as %s', (mediaType) => {
    expect(fileKind({ name: 'a.txt', head: latin1('hello'), mediaType }).passive).toBe(false);
  });

  test('but a declared type never makes passive, and harmless ones do not matter', () => {
    expect(fileKind({ name: 'a.html', head: latin1('hello'), mediaType: 'text/plain' }).passive).toBe(false);
    const office = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
    expect(fileKind({ name: 'a.xlsx', head: zip, mediaType: office }).mediaType).toBe(office);
    expect(fileKind({ name: 'a.csv', head: latin1('a'), mediaType: 'image/png' }).mediaType).toBe('text/csv');
  });
});

describe('fileKind reads the size of', () => {
  const exif = (orientation: string) =>
    `ffd8 ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001 ${orientation}0000 00000000`;

  test.each([
    ['a PNG', 'a.png', png, 640, 480],
    ['a GIF', 'a.gif', gif, 320, 240],
    ['a JPEG', 'a.jpg', hex(jpegHead + jpegFrame), 640, 480],
    ['a JPEG with filling before its frame', 'a.jpg', hex(`${jpegHead}ffff${jpegFrame}`), 640, 480],
    ['an upright JPEG with Exif', 'a.jpg', hex(exif('0001') + jpegFrame), 640, 480],
    ['a JPEG on its side', 'a.jpg', hex(exif('0006') + jpegFrame), 480, 640],
    [
      'a lossy WebP',
      'a.webp',
      latin1('RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01'),
      640,
      480,
    ],
    ['a lossless WebP', 'a.webp', latin1('RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x7f\xc2\x77\x00'), 640, 480],
    [
      'an extended WebP',
      'a.webp',
      latin1('RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0'),
      640,
      480,
    ],
  ])('%s', (_name, name, head, width, height) => {
    expect(fileKind({ name, head }).image).toEqual({ width, height });
  });

  test('nothing where the header is cut off', () => {
    for (const [name, head] of [
      ['a.png', png.subarray(0, 20)],
      ['a.gif', gif.subarray(0, 7)],
      ['a.jpg', hex(jpegHead)],
    ] as const) {
      const kind = fileKind({ name, head });
      expect(kind.passive).toBe(true);
      expect(kind.image).toBeUndefined();
    }
  });

  test('nothing and never throws for any bytes behind a magic number', () => {
    const magics = [
      ...[jpegHead, 'ffd8', 'ffd8ffe1'].map((digits) => ['a.jpg', hex(digits)] as const),
      ['a.jpg', hex('ffd8 ffe1 ffff 457869660000 49492a00')] as const,
      ['a.png', png.subarray(0, 16)] as const,
      ['a.gif', gif.subarray(0, 6)] as const,
      ...['VP8 ', 'VP8L', 'VP8X', 'VP8?'].map(
        (chunk) => ['a.webp', latin1(`RIFF\0\0\0\0WEBP${chunk}`)] as const,
      ),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 300 }), ([name, magic], rest) => {
        const { image } = fileKind({ name, head: new Uint8Array([...magic, ...rest]) });
        if (image === undefined) return;
        for (const pixels of [image.width, image.height]) {
          expect(Number.isSafeInteger(pixels)).toBe(true);
          expect(pixels).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('fileKind never throws, and what is not passive is always inert, for any name and bytes', () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('a', '.', '..', 'php', 'html', 'csv', 'svg', 'png', '/', ' ', '\0'))
      .map((a) => a.join('')),
  );
  fc.assert(
    fc.property(name, fc.uint8Array({ maxLength: 40 }), fc.string(), (name, head, mediaType) => {
      const kind = fileKind({ name, head, mediaType });
      expect(kind.servedName).not.toMatch(/\.(?:php|py|cgi|shtml) *(?:\.|$)/i);
      if (kind.passive) {
        expect(kind.servedName).not.toMatch(/\.(?:html|svg)(?:\.|$)/i);
        return;
      }
      expect(kind.servedName).toMatch(/\.wasm$/);
      expect(kind.mediaType).toBe('application/octet-stream');
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ['text/csv', 'a.csv', 'CSV'],
  ['image/png', 'a.PNG', 'PNG image'],
  ['application/pdf', 'a.pdf', 'PDF'],
  ['application/x-ipynb+json', 'a.ipynb', 'Notebook'],
  ['application/octet-stream', 'src/a.py', 'Python'],
  ['application/octet-stream', 'fake.png', 'File'],
  ['application/octet-stream', 'a.xyz', 'XYZ file'],
  ['application/octet-stream', 'Makefile', 'File'],
  ['application/octet-stream', 'a.constructor', 'File'],
])('kindLabel: %s, %s → %s', (mediaType, name, expected) => {
  expect(kindLabel(mediaType, name)).toBe(expected);
});
