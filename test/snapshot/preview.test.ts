import { describe, expect, test } from 'vitest';
import {
  fittingPreviews,
  takenOfCell,
  takenOfText,
  toFilePreview,
  type FilePreview,
} from '../../src/snapshot/preview.ts';
import { redactor } from '../../src/snapshot/redact.ts';

const asIs = (text: string) => text;
const redact = redactor({ name: 'Mira Holm', email: 'mira@example.org' });

/** As the file's beginning is handed over: a little more than is shown. */
function textOf(content: string): FilePreview {
  return { kind: 'text', text: content.slice(0, takenOfText), cut: content.length > takenOfText };
}

function cellOf(content: string): FilePreview {
  return { kind: 'table', rows: [['a'], [content.slice(0, takenOfCell)]], cut: false };
}

describe('a text', () => {
  const lines = (count: number, line = 'x') =>
    Array.from({ length: count }, (_, index) => `${index} ${line}\n`).join('');

  test('is shown whole where it is short', () => {
    expect(toFilePreview(textOf(lines(40)), asIs)).toEqual({ kind: 'text', text: lines(40), cut: false });
    expect(toFilePreview(textOf('no line end'), asIs)).toMatchObject({ text: 'no line end', cut: false });
  });

  test('is cut after forty lines', () => {
    expect(toFilePreview(textOf(lines(41)), asIs)).toEqual({ kind: 'text', text: lines(40), cut: true });
  });

  test('is cut at the last line end before 4,000 characters', () => {
    const long = lines(39, 'y'.repeat(200));
    const shown = toFilePreview(textOf(long), asIs);
    if (shown.kind !== 'text') throw new Error('no text');
    expect(shown.cut).toBe(true);
    expect(long.startsWith(shown.text)).toBe(true);
    expect(shown.text.endsWith('\n')).toBe(true);
    expect(shown.text.length).toBeLessThanOrEqual(4_000);
    expect(shown.text.length).toBeGreaterThan(3_790);
  });

  test.each([
    ['of letters', 'x'.repeat(9_000), 4_000],
    ['of pairs that must not be parted', `x${'🙂'.repeat(9_000)}`, 3_999],
  ])('of one line %s is cut within it', (_what, content, length) => {
    expect(toFilePreview(textOf(content), asIs)).toEqual({
      kind: 'text',
      text: content.slice(0, length),
      cut: true,
    });
  });
});

describe('the cells of a table', () => {
  test('are cut at eighty characters, which the table then says', () => {
    expect(toFilePreview(cellOf('x'.repeat(80)), asIs)).toMatchObject({
      rows: [['a'], ['x'.repeat(80)]],
      cut: false,
    });
    const cut = { rows: [['a'], [`${'x'.repeat(79)}…`]], cut: true };
    expect(toFilePreview(cellOf('x'.repeat(81)), asIs)).toMatchObject(cut);
    expect(toFilePreview(cellOf('x'.repeat(10_000)), asIs)).toMatchObject(cut);
  });
});

describe('the owner', () => {
  test('is hidden in text and in cells', () => {
    const said = 'Mira Holm <mira@example.org> in /home/mira/app';
    const hidden = '[owner] <[e-mail]> in ~/app';
    expect(toFilePreview(textOf(said), redact)).toMatchObject({ text: hidden });
    expect(toFilePreview(cellOf(said), redact)).toMatchObject({ rows: [['a'], [hidden]] });
  });

  test('is hidden wherever the cut goes through the address', () => {
    const address = 'mira@example.org';
    const leaks: number[] = [];
    for (let before = 0; before <= takenOfText; before += 1) {
      const content = `${'x'.repeat(before)} ${address}${'y '.repeat(takenOfText)}`;
      const preview = JSON.stringify([
        toFilePreview(textOf(content), redact),
        toFilePreview(cellOf(content), redact),
      ]);
      if (preview.includes('mira')) leaks.push(before);
    }
    expect(leaks).toEqual([]);
  });

  test('is hidden even where much else was hidden before, so that the text became short', () => {
    const homes = '/home/a-name-of-thirty-characters/ '.repeat(300);
    for (let shift = 0; shift < 40; shift += 1) {
      const content = `${'x'.repeat(shift)}${homes}`;
      const end = content.slice(0, takenOfText).slice(0, -6);
      const preview = toFilePreview(textOf(`${end} mira@example.org and more`), redact);
      expect(JSON.stringify(preview)).not.toContain('mira');
    }
  });
});

describe('on a page', () => {
  const text = (length: number): { preview: FilePreview } => ({
    preview: { kind: 'text', text: 'x'.repeat(length), cut: false },
  });
  const numbersShown = (files: { preview?: FilePreview }[]) =>
    fittingPreviews(files).flatMap((preview, index) => (preview === undefined ? [] : [index]));

  test('the first fifty files have previews', () => {
    const files = Array.from({ length: 60 }, () => text(10));
    expect(numbersShown(files)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  test('what does not fit any more is left out, and what is smaller after it is not', () => {
    const files = [...Array.from({ length: 13 }, () => text(4_000)), {}, text(4_000), text(4_000), text(100)];
    expect(numbersShown(files)).toEqual([...Array.from({ length: 13 }, (_, index) => index), 16]);
  });

  test('a table of quotes counts as what it is once escaped', () => {
    const row = Array.from({ length: 12 }, () => '"'.repeat(80));
    const preview: FilePreview = { kind: 'table', rows: Array.from({ length: 11 }, () => row), cut: false };
    expect(numbersShown([{ preview }])).toEqual([]);
  });
});
