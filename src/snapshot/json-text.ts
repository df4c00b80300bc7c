import { redactJson, type Redact } from './redact.ts';
import type { Json } from './snapshot.ts';

export type JsonObject = { [key: string]: Json };

/** UTF-16 units. A longer text is not parsed to find out that it is JSON. */
const longestParsed = 500_000;
/** Nesting that is still read: what handles the value later may recurse without fear. */
const deepest = 100;

/** The object that a text is the JSON of; undefined for any other text. */
export function objectIn(text: string): JsonObject | undefined {
  const value = /^\s*\{/.test(text) ? objectOrArrayIn(text) : undefined;
  return Array.isArray(value) ? undefined : value;
}

/** To throw for each of a million short lines takes seconds, so most that are no JSON are told without. */
const mayBeJson = /^\s*(?:\{\s*["}]|\[)[^]*[}\]]\s*$/;
const shortLine = 200;
const onlyTokens = /^(?:[\s,:{}[\]\d.E+\-a-u]|"(?:[^"\\]|\\["\\/bfnrtu])*")*$/;

function objectOrArrayIn(text: string): JsonObject | Json[] | undefined {
  if (text.length > longestParsed || !mayBeJson.test(text)) return undefined;
  if (text.length < shortLine && !onlyTokens.test(text)) return undefined;
  try {
    const value = JSON.parse(text) as JsonObject | Json[];
    return isDeeper(value, deepest) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}

/**
 * Redacts a text that may be JSON, or JSON in some of its lines. A page shows what is in the JSON, where `\u002f` is a
 * slash and `\u00f6` a letter of a name; such a text, such a line is written anew.
 */
export function redactText(text: string, redact: Redact): string {
  const redacted = redact(text);
  if (!redacted.includes('\\')) return redacted;
  const value = objectOrArrayIn(redacted);
  if (value !== undefined) return redactValue(redacted, value, redact);
  return redacted.replace(/[^\r\n]+/g, (line) => {
    const inLine = line.includes('\\') ? objectOrArrayIn(line) : undefined;
    return inLine === undefined ? line : redactValue(line, inLine, redact);
  });
}

/** @param text  The JSON of the value, as it was written. */
function redactValue(text: string, value: Json, redact: Redact): string {
  const again = JSON.stringify(redactJson(value, redact));
  return again === JSON.stringify(value) ? text : again;
}

/** Nesting up to which indents help; in a million small values 200 levels down they would be 400 million spaces. */
const deepestIndented = 8;

/** JSON to be read by people. */
export function toIndentedJson(value: Json): string {
  return isDeeper(value, deepestIndented) ? JSON.stringify(value) : JSON.stringify(value, null, 2);
}
