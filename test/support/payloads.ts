import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Hostile text: two public lists, which are read from where CORPORA_DIR says, and what the lists lack, written here. All
 * that runs calls one of the functions that a test can listen to: alert, confirm, prompt, print, open.
 */

/** Where the public lists are; tests that need them are skipped, by name, without it. */
export const corpora = process.env['CORPORA_DIR'];

/** Both lists, each text once. */
export function publicPayloads(): string[] {
  const folder = corpora ?? '';
  const lines = readFileSync(join(folder, 'xss-payload-list.txt'), 'utf8').split('\n');
  const naughty = JSON.parse(readFileSync(join(folder, 'blns.json'), 'utf8')) as string[];
  return [...new Set([...lines, ...naughty])].filter((text) => text.trim() !== '');
}

const elsewhere = 'http://elsewhere.example';

/** What an HTML parser reads otherwise the second time, or in another namespace. */
export const mutations: readonly string[] = [
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<form><math><mtext></form><form><mglyph><style></math><img src=1 onerror=alert(2)>',
  '<svg></p><style><a id="</style><img src=1 onerror=alert(3)>">',
  '<svg><foreignObject><img src=1 onerror=alert(4)></foreignObject></svg>',
  '<svg><desc><img src=1 onerror=alert(5)></desc></svg>',
  '<svg><script>alert(6)</script></svg>',
  '<svg><a><animate attributeName=href values=javascript:alert(7) /><text x=20 y=20>click</text></a></svg>',
  '<svg><use href="data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg onload=alert(8)/>#x" /></svg>',
  '<math><annotation-xml encoding="text/html"><img src=1 onerror=alert(9)></annotation-xml></math>',
  '<math href="javascript:alert(10)"><mtext>click</mtext></math>',
  '<noscript><p title="</noscript><img src=1 onerror=alert(11)>">',
  '<title><a title="</title><img src=1 onerror=alert(12)>">',
  '<textarea><a title="</textarea><img src=1 onerror=alert(13)>">',
  '<xmp><p title="</xmp><img src=1 onerror=alert(14)>">',
  '<select><template><img src=1 onerror=alert(15)></template></select>',
  '<div><template shadowrootmode="open"><img src=1 onerror=alert(16)></template></div>',
  '<table><tr><td><svg><desc><td><img src=1 onerror=alert(17)>',
  '<!--><img src=1 onerror=alert(18)>-->',
  '<!--!><img src=1 onerror=alert(19)>--!>',
  '<![CDATA[<img src=1 onerror=alert(20)>]]>',
  '<?php <img src=1 onerror=alert(21)> ?>',
  '<iframe srcdoc="<script>parent.alert(22)</script>"></iframe>',
  '</div></div></article></section></main><img src=1 onerror=alert(23)>',
  '</article></section></main></div></body></html><script>alert(24)</script>',
  '<b <img src=1 onerror=alert(25)>',
  '<a\u000Bhref="javascript:alert(26)">click</a><a\u000Chref="javascript:alert(27)">click</a>',
  '`<code></code><img src=1 onerror=alert(28)>`',
  '$\\text{<img src=1 onerror=alert(29)>}$ $\\href{javascript:alert(30)}{x}$',
  '```"><img src=1 onerror=alert(31)>\n</code></pre><img src=1 onerror=alert(32)>\n```',
  '[^1]\n\n[^1]: <img src=1 onerror=alert(33)>',
  '| <img src=1 onerror=alert(34)> |\n|---|\n| <script>alert(35)</script> |',
  '\u001B]8;;javascript:alert(36)\u0007click\u001B]8;;\u0007 \u001B[31m<img src=1 onerror=alert(37)>\u001B[0m',
];

/** What takes the page away, changes where its links lead, or sends something off. */
export const takeovers: readonly string[] = [
  `<base href="${elsewhere}/"><a href="next">next</a>`,
  `<base target="_blank">`,
  `<meta http-equiv="refresh" content="0;url=${elsewhere}/taken">`,
  `<meta http-equiv="Content-Security-Policy" content="default-src *">`,
  `<meta name="referrer" content="unsafe-url">`,
  `<link rel="stylesheet" href="${elsewhere}/a.css"><link rel="prefetch" href="${elsewhere}/p">`,
  `<link rel="dns-prefetch" href="${elsewhere}"><link rel="preconnect" href="${elsewhere}">`,
  `<style>@import url(${elsewhere}/i.css); body { display: none }</style>`,
  `<form action="${elsewhere}/f"><input name="q" value="1"><button>Go on</button></form>`,
  `<form id="f"></form><button form="f" formaction="${elsewhere}/b">Go on</button>`,
  `<input type="image" src="${elsewhere}/i.png" formaction="javascript:alert(40)">`,
  '<isindex action="javascript:alert(41)" type="image">',
  '<a href="#x" ping="http://elsewhere.example/ping" target="_top" download>link</a>',
  '<object data="data:text/html,<script>alert(42)</script>"></object><embed src="javascript:alert(43)">',
  `<audio autoplay src="${elsewhere}/a.mp3"></audio><video poster="${elsewhere}/v.png"></video>`,
];

/** Images of another host, in every way to ask for one. */
export const images: readonly string[] = [
  `![](${elsewhere}/1.png) ![words](${elsewhere}/2.png "title")`,
  `![][x]\n\n[x]: ${elsewhere}/3.png`,
  `[![](${elsewhere}/4.png)](${elsewhere}/)`,
  `<img src="${elsewhere}/5.png" srcset="${elsewhere}/6.png 2x">`,
  `<picture><source srcset="${elsewhere}/7.png"><img></picture>`,
  `<img src="//elsewhere.example/8.png"> ![](//elsewhere.example/9.png) ![](\\\\elsewhere.example/10.png)`,
  `<table background="${elsewhere}/11.png"><tr><td background="${elsewhere}/12.png">x</td></tr></table>`,
  `<p style="background: url(${elsewhere}/13.png)">x</p>`,
  `$\\includegraphics{${elsewhere}/14.png}$`,
  '![](/favicon.ico) <img src="conversation.json"> ![](files/x.png) ![](data:image/svg+xml,<svg/onload=alert(50)>)',
  `<svg><image href="${elsewhere}/15.png"/></svg>`,
  `<blockquote cite="${elsewhere}/16">x</blockquote><q cite="${elsewhere}/17">x</q>`,
];

const schemes: readonly string[] = [
  'javascript:alert(60)',
  'JaVaScRiPt:alert(61)',
  ' javascript:alert(62)',
  'java\tscript:alert(63)',
  'java&#10;script:alert(64)',
  '&#x6A;avascript&colon;alert(65)',
  '\u0001javascript:alert(66)',
  'data:text/html,<script>alert(67)</script>',
  'vbscript:msgbox(68)',
  'blob:http://elsewhere.example/x',
  'file:///etc/passwd',
  'view-source:http://elsewhere.example/',
  'intent://x#Intent;scheme=http;end',
  'https:alert(69)',
  '//elsewhere.example/',
  '/share/',
  '#conversation',
  'mailto:a@example.org?subject=x%0d%0abcc:b@example.org',
];

const links = schemes.flatMap((address) => [
  `[link](${address}) [link](<${address}>) <${address}>`,
  `<a href="${address}">link</a> <a href='${address}' target=_blank rel=opener>link</a>`,
]);

/** Names that the page's own script looks for, and those that a document keeps its own things under. */
const clobbers = [
  'conversation files files-title r1 r1-title attributes body documentElement location navigator document'.split(
    ' ',
  ),
  'head children parentElement querySelector getElementById localName classList dataset innerHTML'.split(' '),
].flatMap((names) =>
  names.map(
    (name) =>
      `<a id="${name}" name="${name}">a</a><img name="${name}"><form id="${name}" name="${name}"><input id="${name}" name="attributes"></form><div id="${name}" data-message="0" data-state="x" data-page="9">d</div>`,
  ),
);

/** What lies over the page. */
export const overlays: readonly string[] = [
  '<div style="position:fixed;inset:0;z-index:9999;background:red">Sign in again</div>',
  '<div style="position:absolute;top:-500px;left:0;width:100vw;height:1000px;background:red">x</div>',
  '<p style="margin-top:-400px;position:relative;z-index:99;background:red">Not what was said</p>',
  '<p style="transform:translateY(-300px) scale(9)">x</p>',
  '<dialog open>Sign in again</dialog>',
  '<div popover="manual" id="pop">x</div><button popovertarget="pop">x</button>',
  '<details open><summary>x</summary><dialog open>y</dialog></details>',
  '<marquee behavior="alternate" width="5000">x</marquee>',
  '<font size="700">x</font><table width="9000" height="9000"><tr><td width="9000">x</td></tr></table>',
  '<hr size="5000" width="5000"><img width="9000" height="9000" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
  '<svg width="9000" height="9000"><rect width="9000" height="9000"/></svg>',
  '<canvas width="9000" height="9000"></canvas><iframe width="9000" height="9000"></iframe>',
  '<pre width="9000">x</pre><ul style="margin:-50px"><li>x</li></ul>',
];

const nested = (depth: number, start: string, inner: string, end: string): string =>
  start.repeat(depth) + inner + end.repeat(depth);

const piled = (text: string, marks: string): string =>
  Array.from(text, (letter) => letter + marks.repeat(12)).join('');

/** What draws far from where it stands: marks upon marks, and formulas that are shifted. */
export const paintedPayloads: readonly string[] = [
  piled('He comes to read what was said', '\u0300\u0302\u0306\u030B'),
  piled('He comes to read what was said', '\u0316\u0319\u0323\u032D'),
  '\u0E17' + '\u0E49'.repeat(400),
  '\u0F40' + '\u0F7C\u0F7B\u0F7E'.repeat(400),
  'a $\\raisebox{20em}{\\colorbox{red}{I agree.}}$ b $\\raisebox{-20em}{\\colorbox{red}{I agree.}}$ c',
  '$\\raisebox{20em}{\\raisebox{20em}{\\raisebox{20em}{\\colorbox{red}{I agree.}}}}$',
  '- in a list $\\smash{\\raisebox{20em}{\\rule{20em}{20em}}}$',
  '$$\\raisebox{20em}{up}\\raisebox{-20em}{down}$$',
  '$\\smash{\\rule{20em}{20em}}\\smash{\\raisebox{-20em}{\\rule{20em}{20em}}}$ $\\rule[20em]{20em}{2em}$',
  '$\\Huge x^{x^{x^{x}}}$ $\\vphantom{\\rule{1em}{20em}}x$',
];

/** Text alone, and formulas, that would leave the place of their message. */
export const giants: readonly string[] = [
  ...['', '# ', '- ', '> ', '> [!NOTE]\n> ', '- [ ] ', '1. ', 'https://example.org/', '[^1]\n\n[^1]: '].map(
    (start) => start + 'W'.repeat(10_000),
  ),
  ...'kbd samp mark b a li dt dd summary caption td rt small sup code q'
    .split(' ')
    .map((tag) => `<${tag}>${'W'.repeat(3_000)}</${tag}>`),
  `| ${'W'.repeat(3_000)} | b |\n|---|---|\n| ${'W'.repeat(3_000)} | b |`,
  `\`${'W'.repeat(3_000)}\`\n\n\`\`\`\n${'W'.repeat(3_000)}\n\`\`\``,
  'a\u00A0'.repeat(3_000),
  '<wbr>W'.repeat(3_000),
  'a' + '\t'.repeat(3_000) + 'b',
  '\uFDFD'.repeat(60) + '\u{1242B}'.repeat(60),
  '\u202E'.repeat(3_000) + 'the other way' + '\u2067'.repeat(3_000),
  '\u0627'.repeat(5_000),
  `<div dir="rtl">${'W'.repeat(3_000)}</div><bdo dir="rtl">desrever</bdo>`,
  '<ol start="999999999"><li>x</li></ol><ol reversed start="-99999999"><li value="123456789">x</li></ol>',
  nested(90, '<blockquote>', 'deep', '</blockquote>'),
  nested(80, '<ul><li>', 'deep', '</li></ul>'),
  nested(60, '<div dir="rtl"><blockquote>', 'deep', '</blockquote></div>'),
  nested(80, '<dl><dd>', '<pre>deep</pre>', '</dd></dl>'),
  nested(150, '<sup>', 'high', '</sup>') + nested(150, '<sub>', 'low', '</sub>'),
  nested(40, '<ruby>a<rt>', 'x', '</rt></ruby>'),
  '$x\\kern-20em\\kern-20em\\kern-20em y \\hspace{20em}\\hspace{20em}\\hspace{20em} z$',
  `$\\rlap{${'right'.repeat(99)}}$ $\\llap{${'left'.repeat(99)}}$ $\\mathclap{${'x+'.repeat(99)}y}$`,
  `$${'x+'.repeat(500)}y$ $$${'x+'.repeat(500)}y$$ $\\text{${'word '.repeat(300)}}$`,
  `$${nested(40, '\\overset{a}{', 'x', '}')}$ $a \\stackrel{\\text{def}}{=} b$`,
];

/** What is left open to swallow the rest of the page. */
const unclosed: readonly string[] = [
  '<!-- and never an end',
  '<textarea>',
  '<title>',
  '<plaintext>',
  '<script>',
  '<style>',
  '<xmp>',
  '<template>',
  '<noscript>',
  '<select><option>',
  '<table><tr><td>',
  '<details>',
  '<div><div><div><ul><li><blockquote><table>',
  '<a href="https://example.org/all">',
  '<b><i><u><s><code><pre>',
  '<div dir="rtl">',
  '<p title="',
  "<p title='",
  '<svg><desc>',
  '<math><mtext>',
  '```',
  '$$',
  '<iframe>',
  '<button>',
  '<div hidden>',
  '<div inert>',
  '</p></div></article></section></main></div></body></html>',
];

/** The word in every message that tries to look like a piece of our page. */
export const borrowedWord = 'borrowed';

const borrowers =
  'div span p a b code pre ul ol li dl dt dd table td th sup sub h3 blockquote details summary img hr kbd mark small'.split(
    ' ',
  );

/** Asks for a class, and for an id of the same name, on each element that a message may have and some that it may not. */
export function borrowing(name: string): string {
  const asked = `class="${name}" id="${name}" name="${name}"`;
  const html = borrowers.map((tag) => `<${tag} ${asked}>${borrowedWord}</${tag}>`).join('\n');
  return `${html}\n\n<figure class="code ${name}">${borrowedWord}</figure> <button ${asked}>${borrowedWord}</button>\n\n# ${borrowedWord} {.${name} #${name}}`;
}

export const ownPayloads: readonly string[] = [
  ...mutations,
  ...takeovers,
  ...images,
  ...links,
  ...clobbers,
  ...unclosed,
  ...overlays,
  ...paintedPayloads,
  ...giants,
];
