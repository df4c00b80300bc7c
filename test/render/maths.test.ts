import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { checkPage } from '../../src/render/gate.ts';
import { mathHtml, newFormulas } from '../../src/render/maths.ts';
import { pageAround } from '../support/page-shell.ts';

/** Names of all commands that stand in KaTeX's own source, such as `overset` and `,`. */
function commandsOfKatex(): string[] {
  const source = readFileSync(fileURLToPath(import.meta.resolve('katex')), 'utf8');
  return [
    ...new Set(
      [...source.matchAll(/["']\\\\([a-zA-Z@]+|[^a-zA-Z"\s\\])["']/g)].flatMap(([, name]) => name ?? []),
    ),
  ];
}

const set = (tex: string) => mathHtml(tex, false, newFormulas());

/** What a command may be followed by, so that it is given what it wants, and other things. */
const followers = [
  '',
  ' x',
  '{ab}{y}',
  '{\\frac{a}{b}}{\\sqrt{c}}',
  '{1em}{x}',
  '{red}{x+y}',
  '[2]{x}',
  '\\limits_a^b',
  '{\\text{a $b$ c}}',
];

test('no command of KaTeX makes a page that the gate refuses, or says anything aloud', () => {
  const said = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error'), vi.spyOn(console, 'warn')];
  const commands = commandsOfKatex();
  expect(commands.length).toBeGreaterThan(1_000);
  const formulas = commands.flatMap((name) =>
    followers.flatMap((follower) => set(`a \\${name}${follower} b`) ?? []),
  );
  expect(formulas.length).toBeGreaterThan(4_000);
  for (const html of formulas) expect(() => checkPage(pageAround(html)), html).not.toThrow();
  for (const one of said) expect(one).not.toHaveBeenCalled();
  vi.restoreAllMocks();
}, 60_000);

test.each([
  ['\\overset{a}{x}', '<mrow><mover><mrow><mi>x</mi></mrow><mi>a</mi></mover></mrow>'],
  ['a \\stackrel{!}{=} b', '<mrow><mover><mrow><mo>=</mo></mrow>'],
  ['\\mathrel{ab}', '<mrow><mi>a</mi><mi>b</mi></mrow>'],
  ['x', '<mi>x</mi>'],
])('%s is set in rows, since an operator of MathML holds text alone', (tex, part) => {
  const html = set(tex) ?? '';
  expect(html).toContain(part);
  expect(html).not.toMatch(/<(?:m[inos]|mtext)(?: [^<>]*)?>[^<]*<(?!\/)/);
});

test.each(['\\message{words}', '\\errmessage{words}', '\\show x'])('%s is no formula', (tex) => {
  expect(set(tex)).toBeUndefined();
});

test('what a formula defines for good ends with it', () => {
  expect(set('\\gdef\\kept{secret} \\kept')).toContain('<mi>s</mi>');
  expect(set('\\kept')).toBeUndefined();
});
