/*
 * What a foreign file holds is JSON of unknown shape: each value is asked for as what it should be, and is undefined
 * where it is something else.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

export function parseObject(text: string): JsonObject | undefined {
  // An error costs 30 µs, and most lines of a text would be one.
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** Empty where it is no array. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The objects of an array. */
export function objectsOf(value: unknown): JsonObject[] {
  return listOf(value)
    .map(objectOf)
    .filter((item) => item !== undefined);
}

/** Without lone surrogates, which no UTF-8 file can hold. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toWellFormed() : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/**
 * A time as ISO 8601 in UTC, from what tools write: ISO 8601, or a number of seconds or milliseconds since 1970. A
 * number is in milliseconds when it would else be after the year 5138.
 */
export function timeOf(value: unknown): string | undefined {
  const seconds = numberOf(value);
  if (seconds !== undefined) return isoOf(new Date(seconds < 1e11 ? seconds * 1000 : seconds));
  return typeof value === 'string' && /^\d{4}-\d\d/.test(value) ? isoOf(new Date(value)) : undefined;
}

/** JavaScript writes years beyond 9999 with a sign, which nobody else reads. */
function isoOf(date: Date): string | undefined {
  const isReal = !Number.isNaN(date.getTime()) && date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999;
  return isReal ? date.toISOString() : undefined;
}

/** Deeper than any real tool input; deeper JSON overflows the stack of everything that walks it later. */
const deepest = 100;

export function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepest) return true;
    level = level.flatMap((item): unknown[] =>
      typeof item === 'object' && item !== null ? Object.values(item) : [],
    );
  }
  return false;
}

/** A JSON value that came as text, as some tools write a call's arguments; the text where it is no JSON. */
export function jsonOrText(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? null;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value.toWellFormed();
  }
}

/** Those of the fields that are texts, numbers and truth values: whatever else a file may hold there is left out. */
export function scalarsOf(object: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = object[field];
      return ['string', 'number', 'boolean'].includes(typeof value) ? [[field, value]] : [];
    }),
  );
}
