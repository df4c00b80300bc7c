import { redactJson, type Redact } from './redact.ts';
import type { Json } from './snapshot.ts';

export type JsonObject = { [key: string]: Json };

/** UTF-16 units. A longer text is not parsed to find out that it is JSON. */
const longestParsed = 500_000;
/** Nesting that is still read: what handles the value later may recurse without fear. */
const deepest = 100;

/** The object that a text is the JSON of; undefined for any other text. */
export function objectIn(text: string): JsonObject | undefined {
  if (text.length > longestParsed || !/^\s*\{/.test(text)) return undefined;
  try {
    const value = JSON.parse(text) as JsonObject;
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
 * Redacts a text that may be JSON. A page shows what is in the JSON, where `\u002f` is a slash and `\u00f6` a letter of a
 * name; such a text is written anew.
 */
export function redactText(text: string, redact: Redact): string {
  const redacted = redact(text);
  const object = redacted.includes('\\') ? objectIn(redacted) : undefined;
  if (object === undefined) return redacted;
  const again = JSON.stringify(redactJson(object, redact));
  return again === JSON.stringify(object) ? redacted : again;
}

/** Nesting up to which indents help; in a million small values 200 levels down they would be 400 million spaces. */
const deepestIndented = 8;

/** JSON to be read by people. */
export function toIndentedJson(value: Json): string {
  return isDeeper(value, deepestIndented) ? JSON.stringify(value) : JSON.stringify(value, null, 2);
}
