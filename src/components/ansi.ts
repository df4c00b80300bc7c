import { createAnsiSequenceParser, type Color, type ParseToken } from 'ansi-sequence-parser';
import { codeHtml, withoutControls } from '../render/characters.ts';
import { escapeSequence } from '../snapshot/escape-sequences.ts';

/**
 * What a terminal would show at the end, with its colours as the only sequences left: each of them one `ESC [ … m`
 * that sets one thing. Lines that were written over are gone, and so are cursor moves, titles and links.
 */
export function settleTerminal(text: string): string {
  if (!/[\r\b\u001B]/.test(text)) return text;
  return text
    .replace(escapeSequence, colourOnly)
    .split('\n')
    .map(lastState)
    .join('\n')
    .replace(/[^\n\u0008\u001B]\u0008/g, '');
}

/** One parameter, with those that belong to it: `38;5;208` and `38;2;255;128;0`, also with colons. */
const parameter = /[34]8[;:](?:5[;:]\d{1,3}|2[;:]{1,2}\d{1,3}[;:]\d{1,3}[;:]\d{1,3})|\d+|(?<=^|;)(?=;|$)/g;

/** The parser reads `ESC [ m` as nothing, and all resets in a sequence before all else: so one at a time. */
function colourOnly(sequence: string): string {
  const parameters = /^\u001B\[([\d;:]*)m$/.exec(sequence)?.[1];
  if (parameters === undefined) return '';
  return (parameters.match(parameter) ?? [])
    .map((each) => `\u001B[${each.replace(/:+/g, ';') || '0'}m`)
    .join('');
}

/** A progress line is written over and over; colours set on the way still hold at its end. */
function lastState(line: string): string {
  if (!line.includes('\r')) return line;
  const states = line.split('\r');
  const last = states.findLastIndex((state) => state.replace(colours, '') !== '');
  if (last === -1) return states.join('');
  const before = states.slice(0, last).join('').match(colours) ?? [];
  // Only the newest can matter, and there may be as many as there were steps.
  return before.slice(-8).join('') + states.slice(last).join('');
}

const colours = /\u001B\[[\d;]*m/g;

/** Settled terminal text as HTML: every character escaped, colours and styles as classes from a fixed list. */
export function terminalHtml(settled: string): string {
  if (!settled.includes('\u001B')) return codeHtml(withoutControls(settled));
  return createAnsiSequenceParser()
    .parse(settled.replace(/\u001B(?!\[[\d;]*m)/g, ''))
    .map(spanOf)
    .join('');
}

function spanOf(token: ParseToken): string {
  const html = codeHtml(withoutControls(token.value));
  const classes = classesOf(token);
  return classes.length === 0 || html === '' ? html : `<span class="${classes.join(' ')}">${html}</span>`;
}

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;
const classNames = [...names, ...names.map((name) => `bright-${name}`)];

const styles = [
  ['bold', 'ansi-bold'],
  ['dim', 'ansi-dim'],
  ['italic', 'ansi-italic'],
  ['underline', 'ansi-underline'],
  ['strikethrough', 'ansi-strike'],
] as const;

/** A ground brings its own ink: few pairs of colours that programs choose can be read on paper and on slate. */
function classesOf({ foreground, background, decorations }: ParseToken): string[] {
  const classes: string[] = styles.flatMap(([style, name]) => (decorations.has(style) ? [name] : []));
  const isReverse = decorations.has('reverse');
  const ink = indexOf(isReverse ? background : foreground);
  const ground = indexOf(isReverse ? foreground : background);
  if (ground !== undefined) classes.push(`ansi-on-${classNames[ground]}`);
  else if (isReverse) classes.push('ansi-reverse');
  else if (ink !== undefined) classes.push(`ansi-${classNames[ink]}`);
  return classes;
}

/** The 16 colours as xterm draws them: what others are compared with. */
const palette: readonly (readonly [number, number, number])[] = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
];

function indexOf(colour: Color | null): number | undefined {
  if (colour === null) return undefined;
  if (colour.type === 'rgb') return nearest(colour.rgb);
  if (colour.type === 'table') return colour.index < 16 ? colour.index : nearest(cubeColour(colour.index));
  const base = colour.name.replace(/^bright/, '').toLowerCase();
  const index = names.findIndex((name) => name === base);
  return index + (colour.name.startsWith('bright') ? 8 : 0);
}

/** Colours 16 to 231 are a cube of six steps a side, the rest are greys. */
function cubeColour(index: number): [number, number, number] {
  if (index >= 232) {
    const grey = 8 + 10 * (Math.min(index, 255) - 232);
    return [grey, grey, grey];
  }
  const step = (power: number) => [0, 95, 135, 175, 215, 255][Math.floor((index - 16) / power) % 6] ?? 0;
  return [step(36), step(6), step(1)];
}

function nearest([red, green, blue]: readonly [number, number, number]): number {
  const distances = palette.map(([r, g, b]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2);
  return distances.indexOf(Math.min(...distances));
}
