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
    ['of Windows XP', String.raw`C:\Documents and Settings\mira\d`, String.raw`~\d`],
    ['of Windows XP, in short', 'C:/DOCUME~1/mira/d', '~/d'],
    ['escaped as HTML', '&#x2F;home&#x2F;mira&#47;x', '~&#47;x'],
    ['of Windows, escaped as HTML', 'C:&#92;Users&#92;Mira Lind&#92;x', '~&#92;x'],
    ['escaped as JSON', String.raw`"\u002fhome\u002fmira\u002Fx"`, String.raw`"~\u002Fx"`],
    ['of a login of a domain', '/home/EXAMPLE/mira/z', '~/z'],
    ['of a name in quotes', 'in /home/`mira`', 'in ~'],
    ['at the end of a sentence', 'see./home/mira/y', 'see.~/y'],
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
  'app/(x)/home/page.tsx',
  'src&#x2F;home&#x2F;page.tsx',
  'https:&#x2F;&#x2F;site.io&#x2F;home&#x2F;start',
  String.raw`"https:\u002f\u002fsite.io\u002fhome\u002fstart"`,
  'path = "/home/"+name; at("/home/".length); cd /home/`whoami`',
  'Documents and settings are kept.',
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
  '&#x2F;home',
  String.raw`\u002fhome`,
  String.raw`\u005c`,
  'C:\\Documents and ',
  '/home/A',
  '/home/`a',
  'https:&#x2F;',
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

  test.each([
    ['[32m/home/mira/app[0m', '[32m~/app[0m'],
    [String.raw`\u001b[32m/home/mira/x\u001b[0m`, String.raw`\u001b[32m~/x\u001b[0m`],
    [String.raw`\x1b[1m/home/mira`, String.raw`\x1b[1m~`],
    [String.raw`"\033[1m/home/mira\033[0m"`, String.raw`"\033[1m~\033[0m"`],
    [String.raw`\e[1mMira Sol\e[0m`, String.raw`\e[1m[owner]\e[0m`],
    ['^[[1m/home/mira^[[0m', '^[[1m~^[[0m'],
    ['/home/mi[31mra[0m/app', '~/app'],
    [String.raw`\033[Mira Sol`, String.raw`\033[[owner]`],
    ['a[0m, rows[12], [1m] and src[2mx]/home/x', 'a[0m, rows[12], [1m] and src[2mx]/home/x'],
  ])('what is left of colours does not hide: %j', (text, expected) => {
    expect(named(text)).toBe(expected);
  });

  test('a home behind a colour is hidden, whatever is before the colour', () => {
    expect(named(`ls${esc}[0m/home/mira/x`)).toBe(`ls${esc}[0m~/x`);
  });

  test.each([
    `${esc}[1m`,
    `/home/mi${esc}[1mra`,
    String.raw`\e[0m/home/`,
    String.raw`\e[`,
    '[1m',
    '[1;',
    '^[[',
  ])('a megabyte of %j is read in under two seconds', (unit) => {
    const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
    expect(cpuMs(() => named(text))).toBeLessThan(2000);
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

describe('the name of the owner is hidden', () => {
  const hide = redactor({ name: 'Mira Lindqvist' });
  test.each([
    ['in small letters', 'by mira lindqvist', 'by [owner]'],
    ['in capitals', 'MIRA LINDQVIST', '[owner]'],
    ['over two lines', 'Mira\n  Lindqvist', '[owner]'],
    ['parted by a space that does not break', 'Mira\u00A0Lindqvist', '[owner]'],
    ['parted by one of HTML', 'Mira&nbsp;Lindqvist', '[owner]'],
    ['parted by what has no width', 'Mira\u200BLindqvist, Mira\u2060 \uFEFFLindqvist', '[owner], [owner]'],
    ['in an address', 'q=Mira%20Lindqvist&by=mira+lindqvist', 'q=[owner]&by=[owner]'],
    ['in JSON', String.raw`"a\nMira\nLindqvist"`, String.raw`"a\n[owner]"`],
    ['with one word in bold', '**Mira** Lindqvist', '**[owner]**'],
    ['with the other in italics', 'Mira *Lindqvist*', '*[owner]*'],
    ['all in italics', '_Mira Lindqvist_', '_[owner]_'],
    ['as whose something is', "Mira Lindqvist's, Mira Lindqvists", "[owner]'s, [owner]s"],
  ])('%s', (_name, text, expected) => {
    expect(hide(text)).toBe(expected);
  });

  test.each([
    ['Jörg Müller', 'J%C3%B6rg%20M%C3%BCller', '[owner]'],
    ['Jörg Müller', String.raw`J\u00D6RG M\u00dcLLER`, '[owner]'],
    ["Liam O'Brien", 'Liam O’Brien, liam o&#39;brien', '[owner], [owner]'],
    ['Mira', 'Mira, mira', '[owner], mira'],
    ['Ana', "Ana and Ana's", "[owner] and [owner]'s"],
    ['Яна', 'Яна тут', '[owner] тут'],
    ['王小明', '我是王小明。', '我是[owner]。'],
    ['王明', '我是王明。', '我是[owner]。'],
    ['山田 太郎', '私は山田太郎です。', '私は[owner]です。'],
    ['山田太郎', '私は山田　太郎です。', '私は[owner]です。'],
    ['김민수', '저는 김민수입니다', '저는 [owner]입니다'],
    ['สมชาย ใจดี', 'ผมชื่อสมชาย ใจดีครับ', 'ผมชื่อ[owner]ครับ'],
    ['ليلى الحدّاد', 'وليلى الحداد', 'و[owner]'],
    ['דנה כהן', 'לדנה כהן יש', 'ל[owner] יש'],
  ])('%s in %j', (name, text, expected) => {
    expect(redactor({ name })(text)).toBe(expected);
  });

  test.each([
    ['Mira Lindqvist', 'Mira Lindqvistson, admira lindqvist, mira_lindqvist'],
    ['Mark', 'a mark, Markdown, bookMark, Marks'],
    ['Ana', 'ana, ANA, banana, AnaConfig, Math.Ana(1), x_Ana'],
    ['Bo', 'Bo'],
    ['ana', 'ana, Ana'],
    ['王', '王国'],
    ['علي', 'عليه'],
  ])('%s is not in %j', (name, text) => {
    expect(redactor({ name })(text)).toBe(text);
  });

  test.each(['Mira ', 'Mira&nbsp;', 'Mira ** ', String.raw`Mira\n`, ' ', '山', '山 ', 'ل', 'لّ'])(
    'a megabyte of %j is read in under a second',
    (unit) => {
      const text = `Mira${unit.repeat(Math.ceil(1_000_000 / unit.length))}`;
      const all = ['Mira Lindqvist', 'Mira Mira Mira', '山山 山', 'ليلى ل'].map((name) => redactor({ name }));
      const ms = cpuMs(() => all.forEach((each) => each(text)));
      expect(ms).toBeLessThan(1000);
    },
  );
});

describe('the e-mail of the owner is hidden', () => {
  const hide = redactor({ email: 'mira.q@lindqvist.example' });
  test.each([
    'MIRA.Q@LINDQVIST.EXAMPLE',
    'mira.q%40lindqvist.example',
    'mira%2Eq%2540lindqvist%2eexample',
    'mira.q&#64;lindqvist&#46;example',
    'mira.q&#x40;lindqvist.example',
    'mira.q&commat;lindqvist.example',
    String.raw`mira.q\u0040lindqvist\u002eexample`,
    String.raw`mira\.q\@lindqvist\.example`,
    'mira.q@<wbr>lindqvist.example',
    'mira.q\u200B@\u2060lindqvist.example',
  ])('as %j', (text) => {
    expect(hide(`to ${text}.`)).toBe('to [e-mail].');
  });

  test.each(['mira.q at lindqvist.example', 'mira-q@lindqvist.example', 'miraq%40lindqvist.example'])(
    'and not in %j',
    (text) => {
      expect(hide(text)).toBe(text);
    },
  );

  test.each(['mira.', 'mira.q@', String.raw`mira.q\ `, 'mira.q\u200B', '\u200B', '\\'])(
    'a megabyte of %j is read in under a second',
    (unit) => {
      const text = `mira.q${unit.repeat(Math.ceil(1_000_000 / unit.length))}lindqvist`;
      expect(cpuMs(() => hide(text))).toBeLessThan(1000);
    },
  );
});
