import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { settleTerminal, terminalHtml } from '../../src/components/ansi.ts';

const esc = '\u001B';
const draw = (text: string) => terminalHtml(settleTerminal(text));
const textOf = (html: string) => html.replace(/<[^>]*>/g, '');

describe('colours and styles', () => {
  test.each([
    ['a colour', `${esc}[31mred${esc}[0m plain`, '<span class="ansi-red">red</span> plain'],
    ['a bright colour', `${esc}[92mok${esc}[39m.`, '<span class="ansi-bright-green">ok</span>.'],
    ['an empty reset', `${esc}[31mred${esc}[m plain`, '<span class="ansi-red">red</span> plain'],
    [
      'styles together',
      `${esc}[1;3;4;9mx`,
      '<span class="ansi-bold ansi-italic ansi-underline ansi-strike">x</span>',
    ],
    ['a reset within a sequence', `${esc}[1m${esc}[0;34mx`, '<span class="ansi-blue">x</span>'],
    ['a reset at the end of a sequence', `${esc}[31;0mx`, 'x'],
    ['an end of bold', `${esc}[1mx${esc}[22my`, '<span class="ansi-bold">x</span>y'],
    ['one of 256', `${esc}[38;5;196mx`, '<span class="ansi-bright-red">x</span>'],
    ['one of 256 that is one of 16', `${esc}[38;5;4mx`, '<span class="ansi-blue">x</span>'],
    ['a grey of 256', `${esc}[38;5;244mx`, '<span class="ansi-bright-black">x</span>'],
    ['a true colour', `${esc}[38;2;0;210;10mx`, '<span class="ansi-green">x</span>'],
    ['a true colour with colons', `${esc}[38:2::0:210:10mx`, '<span class="ansi-green">x</span>'],
    ['a ground, with an ink of its own', `${esc}[33;41mx`, '<span class="ansi-on-red">x</span>'],
    ['ink and ground exchanged', `${esc}[31;7mx`, '<span class="ansi-on-red">x</span>'],
    ['plain ink and ground exchanged', `${esc}[7mx`, '<span class="ansi-reverse">x</span>'],
    ['hidden text, which is shown', `${esc}[8mx`, 'x'],
    ['what no terminal knows', `${esc}[999;38;5mx`, 'x'],
  ])('%s', (_name, text, html) => {
    expect(draw(text)).toBe(html);
  });
});

describe('what is not a colour', () => {
  test.each([
    ['cursor moves', `a${esc}[2K${esc}[1;1H${esc}[?25lb`, 'ab'],
    [
      'a cursor move before a word with an m',
      `${esc}[2Kmany ${esc}[31mm${esc}[0m`,
      'many <span class="ansi-red">m</span>',
    ],
    ['links', `${esc}]8;;https://evil.example\u0007here${esc}]8;;${esc}\\.`, 'here.'],
    ['titles', `${esc}]0;title\u0007text`, 'text'],
    ['device strings', `${esc}Pq#0${esc}\\x`, 'x'],
    ['charsets and keypads', `${esc}(B${esc}=x`, 'x'],
    ['an unfinished sequence', `x${esc}[31`, 'x[31'],
    ['an unfinished title, which hides nothing', `${esc}]0;all the text`, ']0;all the text'],
    ['control characters', 'a\u0000b\u0007c\u009Bd', 'abcd'],
    ['overstruck letters', 'N\bNA\bA', 'NA'],
  ])('leaves nothing of %s', (_name, text, html) => {
    expect(draw(text)).toBe(html);
  });

  test('progress lines come down to their last state, in its colours', () => {
    expect(draw('start\n10%\r50%\r100% done\nend')).toBe('start\n100% done\nend');
    expect(draw('10%\r100%\r')).toBe('100%');
    expect(draw(`${esc}[32m10%\r100%${esc}[0m\n`)).toBe('<span class="ansi-green">100%</span>\n');
    expect(draw('windows\r\nlines\r\n')).toBe('windows\nlines\n');
  });

  test('10 MB of unfinished sequences take no longer than 10 MB of text', () => {
    const start = performance.now();
    for (const piece of [`${esc}[1;`, `${esc}]8;`, `${esc}P`, '1\r', `${esc}[1m\r`])
      settleTerminal(piece.repeat(400_000));
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe('hostile text', () => {
  test('is escaped, inside and outside of colours', () => {
    expect(draw(`<b>&"${esc}[31m</span><script>${esc}[0m`)).toBe(
      '&lt;b&gt;&amp;&quot;<span class="ansi-red">&lt;/span&gt;&lt;script&gt;</span>',
    );
  });

  test('shows characters that rearrange or hide', () => {
    expect(draw(`${esc}[31ma\u202Eb`)).toContain('<span class="invisible">⟨U+202E⟩</span>');
  });

  test('never makes a tag other than a span with a class from the list', () => {
    const pieces = fc.constantFrom(
      esc,
      '[',
      ']',
      ';',
      ':',
      'm',
      '\r',
      '\n',
      '\b',
      '<',
      '"',
      '38',
      '5',
      '31',
      '0',
      '7',
      'x',
      '\u0007',
      '\\',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const html = draw(parts.join(''));
        const rest = html.replace(
          /<span class="(?:invisible|ansi-[a-z-]+(?: ansi-[a-z-]+)*)">|<\/span>/g,
          '',
        );
        expect(rest).not.toMatch(/[<>"]/);
        expect(html.match(/<span/g)?.length).toBe(html.match(/<\/span>/g)?.length);
        expect(textOf(html)).not.toMatch(/[\u0000-\u0008\u000B-\u001F]/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('every colour', () => {
  const read = (name: string) =>
    readFileSync(new URL(`../../src/styles/${name}.css`, import.meta.url), 'utf8');
  const [, light = '', dark = ''] = /--raised: light-dark\((#\w+), (#\w+)\)/.exec(read('tokens')) ?? [];
  const inks = [...read('tools').matchAll(/\.ansi-on-([\w-]+) \{\s*--ansi: light-dark\((#\w+), (#\w+)\)/g)];

  test('is there', () => {
    const drawn = Array.from(
      { length: 16 },
      (_, index) => /ansi-([\w-]+)/.exec(draw(`${esc}[38;5;${index}mx`))?.[1],
    );
    expect(inks.map(([, name]) => name)).toEqual(drawn);
  });

  test.each(inks.map(([, name, onLight, onDark]) => [name, onLight, onDark]))(
    '%s can be read on a light and on a dark ground (WCAG AA)',
    (_name, onLight = '', onDark = '') => {
      expect(contrast(onLight, light)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(onDark, dark)).toBeGreaterThanOrEqual(4.5);
    },
  );
});

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
