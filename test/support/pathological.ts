/*
 * Texts that make a careless reader of Markdown, HTML, TeX or code take quadratic time or worse. Each is built from a
 * size, so that it is read in the length that hurts most: the longest that is still read as what it is.
 */

type Build = (size: number) => string;

const times = (text: string): Build => {
  return (size) => text.repeat(size);
};
const around = (start: string, inner: string, end: string): Build => {
  return (size) => start.repeat(size) + inner + end.repeat(size);
};
const lines = (line: (index: number) => string): Build => {
  return (size) => Array.from({ length: size }, (_, index) => line(index)).join('');
};

/** Those of the suite of cmark-gfm, as their generators are described, and the size that each has there. */
const ofCmark: readonly [string, Build, number][] = [
  ['U+0000', times('abc\u0000de\u0000'), 1],
  ['nested strong emphasis', around('*a **a ', 'b', ' a** a*'), 65_000],
  ['closers of emphasis without openers', times('a_ '), 65_000],
  ['openers of emphasis without closers', times('_a '), 65_000],
  ['closers of links without openers', times('a]'), 65_000],
  ['openers of links without closers', times('[a'), 65_000],
  ['openers and closers that do not match', times('*a_ '), 50_000],
  ['issue 389 of cmark', (size) => '*a '.repeat(size) + '_a*_ '.repeat(size), 20_000],
  ['openers and closers of lengths that are multiples of 3', (size) => `a**b${'c* '.repeat(size)}`, 50_000],
  ['openers of links and closers of emphasis', times('[ a_'), 10_000],
  ['the pattern [ (](', times('[ (]('), 80_000],
  ['the pattern ![[]()', times('![[]()'), 160_000],
  ['a link among emphasis', times('**x [a*b**c*](d)'), 1],
  ['nested brackets', around('[', 'a', ']'), 50_000],
  ['nested quotes', (size) => `${'> '.repeat(size)}a`, 50_000],
  ['nested lists', lines((index) => `${'  '.repeat(index)}* a\n`), 1_000],
  ['backticks of growing length', lines((index) => `e${'`'.repeat(index)}`), 5_000],
  ['links that are not closed, with <', times('[a](<b'), 30_000],
  ['links that are not closed', times('[a](b'), 30_000],
  ['comments that are not closed', (size) => `</${'<!--'.repeat(size)}`, 300_000],
  ['instructions that are not closed', (size) => `</${'<?'.repeat(size)}`, 300_000],
  ['declarations that are not closed', (size) => `</${'<!A '.repeat(size)}`, 300_000],
  ['CDATA that is not closed', (size) => `</${'<![CDATA['.repeat(size)}`, 300_000],
  ['empty lines in nested lists', (size) => `${'- '.repeat(size)}x${'\n'.repeat(size)}`, 30_000],
  [
    'empty lines in nested lists in a quote',
    (size) => `> ${'- '.repeat(size)}x\n${'>\n'.repeat(size)}`,
    30_000,
  ],
  ['emphasis in nested quotes', (size) => '>'.repeat(size) + 'a*'.repeat(size), 100_000],
  ['beginnings of tables', times('aaa\rbbb\n-\v\n'), 30_000],
  ['strikethrough', times('~~a ~'), 50_000],
  ['openers of strikethrough', times('~~a'), 65_000],
];

/** Others, which grow until they are as long as a text may be. */
const ofOurOwn: readonly [string, Build][] = [
  ['numbered lists in lists', times('1. ')],
  ['lists in quotes in lists', times('- > ')],
  ['tasks in lists', times('- [ ] ')],
  ['lists of growing depth', lines((index) => `${' '.repeat(index * 2)}- a\n`)],
  ['lists of growing indent', lines((index) => `${' '.repeat(index)}1. a\n`)],
  ['quotes of growing depth', lines((index) => `${'>'.repeat(index)} a\n\n`)],
  ['wide tables', (size) => `|${'a|'.repeat(size)}\n|${'-|'.repeat(size)}\n|${'b|'.repeat(size)}`],
  ['high tables', (size) => `|a|b|\n|-|-|\n${'|c|d|\n'.repeat(size)}`],
  [
    'tables with empty cells',
    (size) => `|${'a|'.repeat(size)}\n|${'-|'.repeat(size)}\n${'|\n'.repeat(size)}`,
  ],
  ['heads of tables', times('a|b\n-|-\n')],
  ['bars', times('|')],
  ['stars', times('*')],
  ['emphasis of all kinds', times('*_**__***___')],
  ['emphasis inside itself', around('*', 'a', '*')],
  ['emphasis and underlines by turns', around('*a _b ', 'c', '_ *')],
  ['brackets and parentheses', times('[](')],
  ['images', times('![')],
  ['images in links', around('[![', 'a', '](b)](c)')],
  ['definitions of one link', times('[a]: b\n')],
  ['definitions of links', lines((index) => `[a${index}]: b\n`)],
  ['definitions that do not end', times('[a]: <')],
  ['titles that do not end', times('[a](b "')],
  ['parentheses in an address', (size) => `[a](${'('.repeat(size)}`],
  ['entities', times('&amp;')],
  ['beginnings of entities', times('&#')],
  ['backslashes', times('\\')],
  ['addresses', times('http://a.example/ ')],
  ['schemes', times('http://')],
  ['mail', times('a@b.')],
  ['one address', (size) => `http://a.example/${'(a'.repeat(size)}`],
  ['angles with mail', times('<a@')],
  ['rulers', times('- - -\n')],
  ['underlines of headings', times('a\n=\n')],
  ['lines before an underline', (size) => `${'a\n'.repeat(size)}=`],
  ['number signs', times('# ')],
  ['fences that are not closed', times('```a\n')],
  ['tildes', times('~')],
  ['spaces', times(' ')],
  ['spaces before an end of line', times('a  \n')],
  ['tabs in lists', times('-\t')],
  ['ends of lines', times('\n')],
  ['one long line', times('word ')],
  ['one character', times('a')],
  ['one that is no letter', times('\u{1F600}')],
  ['marks upon one letter', times('\u0301')],
  ['signs of direction', times('\u202E\u2067')],
  ['lone surrogates', times('\uD800')],
  ['alerts in quotes', times('> [!NOTE]\n')],
  ['references to footnotes that are not there', times('[^a] ')],
  ['footnotes inside footnotes', lines((index) => `[^${index}]: [^${index + 1}]\n\n`)],
];

/** Raw HTML, most of it where the rules of the parser repeat what was open. */
const ofHtml: readonly [string, Build][] = [
  ['nested elements', times('<b>')],
  ['nested elements of two kinds', times('<b><i>')],
  ['inline around blocks', times('<b><p>')],
  ['links around blocks', times('<a href="https://a.example/"><div>')],
  ['elements closed in the wrong order', around('<b><i>', 'a', '</b></i>')],
  ['blocks closed through inline', (size) => `<b>${'<div>'.repeat(size)}${'</b>'.repeat(size)}`],
  [
    'inline with other attributes each, opened again in each paragraph',
    (size) => lines((index) => `<b title=${index}>`)(size) + '<p>a'.repeat(size),
  ],
  [
    'inline with other attributes each, opened again in each cell',
    (size) => lines((index) => `<i title=${index}>`)(size) + '<div>a</div>'.repeat(size),
  ],
  ['tables in tables', times('<table><tr><td>')],
  ['text in tables', times('<table>a')],
  ['lists', times('<ul><li>')],
  ['items', times('<li>')],
  ['ruby', times('<ruby>a<rt>')],
  ['details', times('<details><summary>')],
  ['attributes', (size) => `<a ${lines((index) => `a${index}=b `)(size)}>`],
  ['attributes of one name', (size) => `<a ${'href=b '.repeat(size)}>`],
  ['quotes in a tag', times('<a href="')],
  ['ends of elements', times('</b>')],
  ['ends of paragraphs', times('</p>')],
  ['vector drawings', times('<svg><g>')],
  ['formulas', times('<math><mi>')],
  ['templates', times('<template>')],
  ['choices', times('<select><option>')],
  ['blank lines between', times('<div>\n\n')],
  ['comments', times('<!-- a -->')],
  ['less-than signs with letters', times('<a<b')],
];

/** TeX, for formulas of any length. */
const ofTex: readonly [string, Build][] = [
  ['braces', around('{', 'a', '}')],
  ['fractions', around('\\frac{1}{', 'a', '}')],
  ['roots', around('\\sqrt{', 'a', '}')],
  ['exponents', around('a^{', 'b', '}')],
  ['exponents without braces', times('a^')],
  ['brackets that grow', around('\\left(', 'a', '\\right)')],
  ['environments', around('\\begin{matrix}', 'a', '\\end{matrix}')],
  ['cells', (size) => `\\begin{matrix}${'a&'.repeat(size)}a\\end{matrix}`],
  ['rows', (size) => `\\begin{matrix}${'a\\\\'.repeat(size)}a\\end{matrix}`],
  [
    'a macro that doubles',
    (size) =>
      `${lines((index) => `\\def\\a${letters(index + 1)}{\\a${letters(index)}\\a${letters(index)}}`)(Math.min(size, 40))}\\a${letters(40)}`,
  ],
  [
    'a long macro, called often',
    (size) =>
      `\\def\\a{${'x'.repeat(Math.floor(size / 2))}}${'\\a'.repeat(Math.min(199, Math.ceil(size / 6)))}`,
  ],
  ['a macro that doubles what it is given', () => '\\def\\a#1{\\a{#1#1}}\\a{x}'],
  ['a macro that calls itself', () => '\\def\\a{\\a\\a}\\a'],
  ['a macro with many arguments', (size) => `\\def\\a#1{#1#1}${'\\a{'.repeat(size)}b${'}'.repeat(size)}`],
  ['commands that are not known', times('\\nope')],
  ['text in text', around('\\text{$', 'a', '$}')],
  ['colours', around('\\color{red}{', 'a', '}')],
  ['sums with limits', times('\\sum_{a}^{b}')],
  ['accents', around('\\hat{', 'a', '}')],
  ['arrows', times('\\xrightarrow{a}')],
  ['primes', times("a'")],
  ['middle bars', (size) => `\\left(${'\\middle|'.repeat(size)}\\right)`],
];

/** Code, coloured in the language of its fence. */
const ofCode: readonly [string, Build][] = [
  ['one letter', times('a')],
  ['words', times('a ')],
  ['words and ends of lines', times('a\n')],
  ['parentheses', times('(')],
  ['braces', times('{')],
  ['brackets and equals signs', times('[=')],
  ['angles', times('<')],
  ['less-than signs with letters', times('<a ')],
  ['quotes', times('"')],
  ['quotes with backslashes', times('"\\')],
  ['backslashes', times('\\')],
  ['beginnings of comments', times('/*')],
  ['beginnings of other comments', times('<!--')],
  ['slashes', times('/')],
  ['digits', times('1')],
  ['digits with underscores', times('1_')],
  ['digits with points', times('1.')],
  ['calls', times('a(')],
  ['members', times('a.')],
  ['names with colons', times('a::')],
  ['types in angles', times('a<')],
  ['assignments', times('a = ')],
  ['commas', times('a,')],
  ['spaces', times(' ')],
  ['tabs and ends of lines', times('\t\n')],
  ['hyphens', times('-')],
  ['dollars and braces', times('${')],
  ['at signs', times('@a ')],
  ['number signs', times('#')],
  ['arrows', times('a => ')],
];

/** As TeX names macros: by letters alone. */
function letters(index: number): string {
  return `${String.fromCharCode(97 + Math.floor(index / 26))}${String.fromCharCode(97 + (index % 26))}`;
}

/** One of its kind that has about as many characters, and no more. */
function fitting(build: Build, most: number): string {
  let size = 1;
  while (build(size * 2).length <= most) {
    size *= 2;
    if (size > most) return build(size); // it does not grow
  }
  for (let step = size / 2; step >= 1; step /= 2) if (build(size + step).length <= most) size += step;
  return build(size);
}

/** Longest text that is read as Markdown, and as HTML, in characters. */
const [markdownLength, htmlLength] = [199_000, 99_000];
const [formulaLength, shortFormulaLength] = [4_900, 40];
const codeLength = 15_900;

/** Group → name of a text and the text. */
export const pathological: Readonly<Record<string, () => [string, string][]>> = {
  'cmark-gfm': () =>
    ofCmark.flatMap(([name, build, size]) => [
      [`${name}, as there`, build(size)],
      ...(size === 1 ? [] : inLengths(name, build)),
    ]),
  'Markdown of our own': () => ofOurOwn.flatMap(([name, build]) => inLengths(name, build)),
  'long texts': () =>
    [...ofOurOwn.filter(([name]) => name.startsWith('one ') || name.startsWith('ends'))].map(
      ([name, build]): [string, string] => [`${name}, 10 MB`, fitting(build, 10_000_000)],
    ),
  HTML: () =>
    ofHtml.flatMap(([name, build]): [string, string][] => [
      [name, fitting(build, htmlLength)],
      [`${name} in a block`, `<div>${fitting(build, htmlLength)}`],
    ]),
  TeX: () => ofTex.flatMap(([name, build]) => inFormulas(name, build)),
  code: () =>
    ['cpp', 'javascript', 'html', 'python', 'ruby', 'nix', 'haskell', 'matlab'].flatMap((language) =>
      ofCode.map(([name, build]): [string, string] => [
        `${name} in ${language}`,
        `\`\`\`${language}\n${fitting(build, codeLength)}\n\`\`\`\n`,
      ]),
    ),
};

function inLengths(name: string, build: Build): [string, string][] {
  return [markdownLength, htmlLength].map((length) => [`${name}, ${length}`, fitting(build, length)]);
}

function inFormulas(name: string, build: Build): [string, string][] {
  const [long, short] = [fitting(build, formulaLength), fitting(build, shortFormulaLength)];
  // Each is another one: a formula that stands there twice is set once.
  const many = (tex: string, mark: string) =>
    lines((index) => `${mark}${tex} ${index}${mark}\n\n`)(Math.floor(markdownLength / (tex.length + 12)));
  return [
    [`${name} in a line`, `$${long}$`],
    [`${name} displayed`, `$$${long}$$`],
    [`${name}, many long ones`, many(long, '$$')],
    [`${name}, many short ones`, many(short, '$')],
  ];
}
