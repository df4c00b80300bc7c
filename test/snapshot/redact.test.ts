import { describe, expect, test } from 'vitest';
import { redactor } from '../../src/snapshot/redact.ts';
import { cpuMs } from '../support/cpu.ts';

const redact = redactor({});

describe('a home folder is hidden', () => {
  test.each([
    ['in any case of letters', String.raw`c:\users\mira\x`, String.raw`~\x`],
    ['escaped twice', String.raw`C:\\\\Users\\\\mira\\\\x`, String.raw`~\\\\x`],
    ['with escaped slashes', String.raw`"\/home\/mira\/x"`, String.raw`"~\/x"`],
    ['percent-encoded', '?path=%2Fhome%2Fmira%2Fx', '?path=~%2Fx'],
    ['percent-encoded twice', '%252Fhome%252Fmira%252Fx', '~%252Fx'],
    ['of Windows, percent-encoded', 'c%3A%5CUsers%5Cmira%5Cx', '~%5Cx'],
    ['with a percent-encoded letter', '%2Fhome%2Fm%C3%AFra%2Fx', '~%2Fx'],
    ['with a doubled slash', '/home//mira/x', '~/x'],
    ['of WSL, seen from Windows', String.raw`\\wsl$\Ubuntu\home\mira\x`, String.raw`~\x`],
    ['of WSL, in JSON', String.raw`"\\\\wsl.localhost\\Ubuntu\\home\\mira\\x"`, String.raw`"~\\x"`],
    ['of Windows, seen from WSL', '/mnt/c/Users/mira/x and /mnt/d/users/mira', '~/x and ~'],
    ['of Windows, seen from Git Bash', '/c/Users/mira/x', '~/x'],
    ['on a network share', String.raw`\\server\Users\mira\x`, String.raw`\\server~\x`],
    ['of a full name', String.raw`C:\Users\Anna Svensson\x`, String.raw`~\x`],
    ['of a full name, encoded', 'file:///C:/Users/Anna%20Svensson/x', 'file:///~/x'],
    ['of a full name, at the end of a string', String.raw`{"cwd":"C:\\Users\\Anna Svensson"}`, '{"cwd":"~"}'],
    ['of a full name, in a prompt', String.raw`PS C:\Users\Anna Svensson> dir`, 'PS ~> dir'],
    ['of a full name, alone on its line', 'C:\\Users\\Anna Svensson\r\nnext', '~\r\nnext'],
    ['of a name with an apostrophe', String.raw`C:\Users\Liam O'Brien\x`, String.raw`~\x`],
    ['after an option', '-I/home/mira/include', '-I~/include'],
    ['in the query of a web address', 'https://site.io/a?x=/home/mira/b', 'https://site.io/a?x=~/b'],
    ['in a development server', 'https://site.io/@fs/home/mira/x', 'https://site.io/@fs~/x'],
    ['in what this machine serves', 'http://localhost:80/home/mira/x', 'http://localhost:80~/x'],
    ['in a file address', 'file:///home/mira/x', 'file://~/x'],
    [
      "in Claude Code's name for it",
      '~/.claude/projects/-home-mira-app/0.jsonl',
      '~/.claude/projects/~/0.jsonl',
    ],
    ["in Claude Code's name for it on macOS", 'ls: -Users-mira-lind-app', 'ls: ~'],
    ["in Claude Code's name for it on Windows", 'projects/C--Users-mira-app/x', 'projects/~/x'],
    ["in Claude Code's name for it, in JSON", String.raw`"a\n-home-mira-app\n"`, String.raw`"a\n~\n"`],
  ])('%s', (_name, text, expected) => {
    expect(redact(text)).toBe(expected);
  });
});

test.each([
  'https://site.io/home/start',
  'See [the start](https://site.io:8080/en/home/start), or http://site.io/Users/list.',
  '/homework',
  '/rooted',
  'rehome/x',
  'src/root/x',
  'GET /users/7',
  'btn--home-x x-home-page --home-dir',
  'app/home/page.tsx and src/home/index.ts',
  'rehome/x and ./home/x',
])('what only looks like one stays: %s', (text) => {
  expect(redact(text)).toBe(text);
});

test.each([
  [String.raw`C:\Users\mira is where I live`, '~ is where I live'],
  [String.raw`copy C:\Users\mira, then D\x`, String.raw`copy ~, then D\x`],
  [String.raw`f('C:\Users\mira', 'sub\x')`, String.raw`f('~', 'sub\x')`],
  ['C:/Users/mira -> /tmp/x', '~ -> /tmp/x'],
])('the words after a folder of one name stay: %s', (text, expected) => {
  expect(redact(text)).toBe(expected);
});

test.each([
  '/home/',
  '\\',
  '/',
  'C:\\Users\\',
  'C:\\Users\\a b c ',
  '\\\\wsl$\\a\\',
  '%2F',
  'https://a.b/',
  '-home-',
])('a megabyte of %j is read in under a second', (unit) => {
  const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
  const ms = cpuMs(() => {
    redact(text);
    redact(`/home${text}`);
  });
  expect(ms).toBeLessThan(1000);
});

describe('in the colours of a terminal', () => {
  const esc = '\u001B';
  const named = redactor({ name: 'Mira Sol', email: 'mira@example.org' });

  test.each([
    ['a home after a colour', `${esc}[34m/home/mira/app${esc}[0m ok`, `${esc}[34m~/app${esc}[0m ok`],
    ['a home before a reset', `/home/mira${esc}[0m ok`, `~${esc}[0m ok`],
    ['a name after a colour', `${esc}[1mMira Sol${esc}[0m`, `${esc}[1m[owner]${esc}[0m`],
    [
      'a link with a home',
      `${esc}]8;;file:///home/mira/a\u0007a${esc}]8;;\u0007`,
      `${esc}]8;;file://~/a\u0007a${esc}]8;;\u0007`,
    ],
  ])('%s is hidden and the colours stay', (_name, text, expected) => {
    expect(named(text)).toBe(expected);
  });

  test('a home with a colour inside its name is hidden, and the colours go', () => {
    expect(named(`/home/mi${esc}[31mra${esc}[0m/app`)).toBe('~/app');
  });
});

describe('nothing that a page leaves out hides', () => {
  const hide = redactor({ name: 'Jörg Müller', email: 'jörg@example.org' });
  test.each([
    ['letters struck twice, as in a man page', '/h\bhome/m\bmira/x', '~/x'],
    ['NUL', '/ho\u0000me/mi\u0000ra/x', '~/x'],
    ['BEL', '/ho\u0007me/mira/x', '~/x'],
    ['a bidirectional control', '/ho\u202Eme/mira/x', '~/x'],
    ['a tag', '/ho\u{E0041}me/mira/x', '~/x'],
    ['letters in two code points', 'by Jo\u0308rg Mu\u0308ller.', 'by [owner].'],
    ['letters escaped', String.raw`"J\u00f6rg M\u00FCller"`, '"[owner]"'],
    ['letters of an address escaped', String.raw`"j\u00f6rg@example.org"`, '"[e-mail]"'],
  ])('%s', (_name, text, expected) => {
    expect(hide(text)).toBe(expected);
  });

  test('and stays where there is nothing to hide', () => {
    const text = 'N\bNAME \u0000 \u202Ex \u{1F3F4}\u{E0067}\u{E007F}';
    expect(hide(text)).toBe(text);
  });
});
