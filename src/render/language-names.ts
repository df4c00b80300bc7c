/** What people call a language, then the words that mean it on a fence. */
const table = `
Ada: ada adb ads
Apache config: apache apacheconf
APL: apl
AppleScript: applescript
Arduino: arduino ino
AsciiDoc: asciidoc adoc
Assembly: asm assembly nasm x86asm armasm s
Astro: astro
AWK: awk gawk
Bash: bash
Batch file: bat cmd batch
Bicep: bicep
BibTeX: bibtex bib
C: c h
C++: c++ cpp cc cxx hpp hh hxx
C#: c# cs csharp
Caddyfile: caddyfile caddy
Clojure: clojure clj cljc edn
ClojureScript: clojurescript cljs
CMake: cmake
COBOL: cobol
CoffeeScript: coffeescript coffee
Common Lisp: lisp common-lisp commonlisp cl
Configuration: cfg conf config
Console: console shell-session shellsession terminal
Crystal: crystal cr
CSS: css
CSV: csv
CUDA: cuda cu
Cypher: cypher
D: d
Dart: dart
Diff: diff patch udiff
Dockerfile: dockerfile docker containerfile
Graphviz DOT (source): dot graphviz gv
Elixir: elixir ex exs heex
Elm: elm
Emacs Lisp: elisp emacs-lisp
Environment: env dotenv
ERB: erb
Erlang: erlang erl
F#: f# fs fsharp
Fish: fish
Fortran: fortran f90 f95
GDScript: gdscript gd
Git config: gitconfig
Gleam: gleam
GLSL: glsl
Go: go golang
GraphQL: graphql gql
Groovy: groovy gradle
Handlebars: handlebars hbs
Haskell: haskell hs
HCL: hcl
Terraform: terraform tf
HLSL: hlsl
HTML: html htm xhtml
HTTP: http https
INI: ini
Java: java
JavaScript: javascript js mjs cjs node nodejs
Jinja: jinja jinja2 j2
JSON: json
JSON with comments: jsonc
JSON5: json5
JSON Lines: jsonl ndjson
JSX: jsx
Julia: julia jl
Just: just justfile
Kotlin: kotlin kt kts
LaTeX: latex
TeX: tex math katex
Less: less
Liquid: liquid
Log: log logs
Lua: lua luau
Makefile: makefile make mk
Markdown: markdown md
MATLAB: matlab
MDX: mdx
Mermaid diagram (source): mermaid mmd
MySQL: mysql
nginx config: nginx nginxconf
Nim: nim
Nix: nix nixos
Nushell: nushell nu
Objective-C: objectivec objective-c objc
OCaml: ocaml ml
Octave: octave
Output: output stdout
Pascal: pascal delphi
Perl: perl pl pm
PHP: php
PlantUML diagram (source): plantuml puml
PL/SQL: plsql
PostgreSQL: postgresql postgres pgsql
PowerShell: powershell ps1 pwsh ps
Prisma: prisma
Prolog: prolog
Properties: properties
Protocol Buffers: protobuf proto
Pug: pug
Python: python py python3 py3 ipython
Python console: python-repl pycon
QML: qml
R: r rscript
Racket: racket rkt
reStructuredText: rst restructuredtext
Regular expression: regex regexp
Ruby: ruby rb
Rust: rust rs
Sass: sass
Scala: scala
Scheme: scheme scm
SCSS: scss
Shell: sh shell
Solidity: solidity sol
SPARQL: sparql
SQL: sql
SQLite: sqlite
Starlark: starlark bzl
Svelte: svelte
SVG: svg
Swift: swift
SystemVerilog: systemverilog sv
Tcl: tcl
Text: text txt plaintext plain
TOML: toml
TSX: tsx
TypeScript: typescript ts mts cts
Typst: typst typ
Vala: vala
Verilog: verilog v
VHDL: vhdl vhd
Vim script: vim viml vimscript
Visual Basic: vb vbnet visual-basic
Vue: vue
WebAssembly: wasm wat
WGSL: wgsl
XML: xml
YAML: yaml yml
Zig: zig
Zsh: zsh
`;

/** Word and name; each word stands there once. */
export const languageNames: readonly (readonly [word: string, name: string])[] = table
  .trim()
  .split('\n')
  .flatMap((line) => {
    const [name = '', words = ''] = line.split(': ');
    return words.split(' ').map((word) => [word, name] as const);
  });

const names: ReadonlyMap<string, string> = new Map(languageNames);

/**
 * What stands above a block of code.
 *
 * @param word  The author's own word for the language.
 * @returns A name people know, else the author's word; undefined where that is no word: some tools put line numbers
 *          there.
 */
export function languageLabel(word: string): string | undefined {
  return names.get(word.toLowerCase()) ?? (/\p{L}/u.test(word) ? word : undefined);
}
