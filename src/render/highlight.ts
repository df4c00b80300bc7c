import type { LanguageFn } from 'highlight.js';
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import c from 'highlight.js/lib/languages/c';
import clojure from 'highlight.js/lib/languages/clojure';
import cmake from 'highlight.js/lib/languages/cmake';
import cpp from 'highlight.js/lib/languages/cpp';
import csharp from 'highlight.js/lib/languages/csharp';
import css from 'highlight.js/lib/languages/css';
import dart from 'highlight.js/lib/languages/dart';
import diff from 'highlight.js/lib/languages/diff';
import dockerfile from 'highlight.js/lib/languages/dockerfile';
import elixir from 'highlight.js/lib/languages/elixir';
import erlang from 'highlight.js/lib/languages/erlang';
import go from 'highlight.js/lib/languages/go';
import graphql from 'highlight.js/lib/languages/graphql';
import groovy from 'highlight.js/lib/languages/groovy';
import haskell from 'highlight.js/lib/languages/haskell';
import http from 'highlight.js/lib/languages/http';
import ini from 'highlight.js/lib/languages/ini';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import julia from 'highlight.js/lib/languages/julia';
import kotlin from 'highlight.js/lib/languages/kotlin';
import latex from 'highlight.js/lib/languages/latex';
import less from 'highlight.js/lib/languages/less';
import lua from 'highlight.js/lib/languages/lua';
import makefile from 'highlight.js/lib/languages/makefile';
import markdown from 'highlight.js/lib/languages/markdown';
import matlab from 'highlight.js/lib/languages/matlab';
import nginx from 'highlight.js/lib/languages/nginx';
import nix from 'highlight.js/lib/languages/nix';
import objectivec from 'highlight.js/lib/languages/objectivec';
import ocaml from 'highlight.js/lib/languages/ocaml';
import perl from 'highlight.js/lib/languages/perl';
import php from 'highlight.js/lib/languages/php';
import powershell from 'highlight.js/lib/languages/powershell';
import properties from 'highlight.js/lib/languages/properties';
import protobuf from 'highlight.js/lib/languages/protobuf';
import python from 'highlight.js/lib/languages/python';
import pythonRepl from 'highlight.js/lib/languages/python-repl';
import r from 'highlight.js/lib/languages/r';
import ruby from 'highlight.js/lib/languages/ruby';
import rust from 'highlight.js/lib/languages/rust';
import scala from 'highlight.js/lib/languages/scala';
import scss from 'highlight.js/lib/languages/scss';
import shell from 'highlight.js/lib/languages/shell';
import sql from 'highlight.js/lib/languages/sql';
import swift from 'highlight.js/lib/languages/swift';
import typescript from 'highlight.js/lib/languages/typescript';
import vim from 'highlight.js/lib/languages/vim';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import { codeHtml, showInvisible, withoutControls } from './characters.ts';

/** Longest code that is coloured, in characters: several grammars take quadratic time on hostile text. */
const maximumHighlighted = 16_000;

/**
 * Long lines, long words, many words with nothing between them, and much space: minified code, base64, prose. Colours
 * gain nothing there, and the grammars of C, C#, Java, JavaScript and Nix take seconds.
 */
const unlikeCode = /[^\n]{1000}|\w{256}|(?:\w+\s+){100}|\s{1000}/;

const grammars: Readonly<Record<string, LanguageFn>> = {
  __proto__: null as never,
  bash,
  c,
  clojure,
  cmake,
  cpp,
  csharp,
  css,
  dart,
  diff,
  dockerfile,
  elixir,
  erlang,
  go,
  graphql,
  groovy,
  haskell,
  http,
  ini,
  java,
  javascript,
  json,
  julia,
  kotlin,
  latex,
  less,
  lua,
  makefile,
  markdown,
  matlab,
  nginx,
  nix,
  objectivec,
  ocaml,
  perl,
  php,
  powershell,
  properties,
  protobuf,
  python,
  'python-repl': pythonRepl,
  r,
  ruby,
  rust,
  scala,
  scss,
  shell,
  sql,
  swift,
  typescript,
  vim,
  xml,
  yaml,
};

/** Other names people give these languages. A grammar knows its own, but only after it is loaded, which takes time. */
const aliases: Readonly<Record<string, string>> = {
  __proto__: null as never,
  sh: 'bash',
  zsh: 'bash',
  fish: 'bash',
  h: 'c',
  clj: 'clojure',
  cljs: 'clojure',
  edn: 'clojure',
  'c++': 'cpp',
  cc: 'cpp',
  cxx: 'cpp',
  hpp: 'cpp',
  hh: 'cpp',
  hxx: 'cpp',
  'c#': 'csharp',
  cs: 'csharp',
  patch: 'diff',
  docker: 'dockerfile',
  containerfile: 'dockerfile',
  ex: 'elixir',
  exs: 'elixir',
  erl: 'erlang',
  golang: 'go',
  gql: 'graphql',
  hs: 'haskell',
  https: 'http',
  toml: 'ini',
  cfg: 'ini',
  conf: 'ini',
  js: 'javascript',
  jsx: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  node: 'javascript',
  jsonc: 'json',
  json5: 'json',
  jsonl: 'json',
  ndjson: 'json',
  jl: 'julia',
  kt: 'kotlin',
  kts: 'kotlin',
  tex: 'latex',
  make: 'makefile',
  mk: 'makefile',
  md: 'markdown',
  mdx: 'markdown',
  octave: 'matlab',
  nginxconf: 'nginx',
  nixos: 'nix',
  objc: 'objectivec',
  'objective-c': 'objectivec',
  ml: 'ocaml',
  pl: 'perl',
  pm: 'perl',
  ps1: 'powershell',
  pwsh: 'powershell',
  dotenv: 'properties',
  env: 'properties',
  proto: 'protobuf',
  py: 'python',
  python3: 'python',
  ipython: 'python',
  pycon: 'python-repl',
  rscript: 'r',
  rb: 'ruby',
  rs: 'rust',
  console: 'shell',
  shellsession: 'shell',
  mysql: 'sql',
  postgresql: 'sql',
  postgres: 'sql',
  sqlite: 'sql',
  plsql: 'sql',
  ts: 'typescript',
  tsx: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  viml: 'vim',
  vimscript: 'vim',
  html: 'xml',
  svg: 'xml',
  xhtml: 'xml',
  vue: 'xml',
  svelte: 'xml',
  astro: 'xml',
  yml: 'yaml',
  sass: 'scss',
};

/** Every word for a language whose code is coloured. For the test that each of them has a name. */
export const colouredWords: readonly string[] = [...Object.keys(grammars), ...Object.keys(aliases)];

/** Languages that hold pieces of others: without theirs the pieces would stay plain. */
const embedded: Readonly<Record<string, readonly string[]>> = {
  __proto__: null as never,
  dart: ['markdown', 'xml'],
  dockerfile: ['bash'],
  http: ['json', 'xml'],
  javascript: ['xml', 'css', 'graphql'],
  markdown: ['xml'],
  php: ['xml'],
  'python-repl': ['python'],
  shell: ['bash'],
  typescript: ['xml', 'css', 'graphql'],
  xml: ['css', 'javascript', 'graphql'],
};

const highlighter = hljs.newInstance();

/**
 * Colours code by classes (`hljs-*`) and shows its invisible characters.
 *
 * @param language  As the author wrote it, any case, aliases too. Unknown or empty: the code is only escaped.
 * @returns What stands inside `<code>`: text and `<span class>` only.
 */
export function highlightCode(code: string, language: string): string {
  const clean = withoutControls(code);
  const name = canonicalName(language);
  if (name === undefined || clean.length > maximumHighlighted || unlikeCode.test(clean))
    return codeHtml(clean);
  load(name);
  return showInvisible(highlighter.highlight(clean, { language: name, ignoreIllegals: true }).value);
}

function canonicalName(language: string): string | undefined {
  const lower = language.toLowerCase();
  const name = aliases[lower] ?? lower;
  return grammars[name] === undefined ? undefined : name;
}

/** Loading all at once takes 25 to 90 ms, which a command that renders one page must not pay. */
function load(name: string): void {
  const grammar = grammars[name];
  if (grammar === undefined || highlighter.getLanguage(name) !== undefined) return;
  highlighter.registerLanguage(name, grammar);
  embedded[name]?.forEach(load);
}
