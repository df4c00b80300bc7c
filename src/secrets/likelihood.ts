/*
 * Is this a secret, or what documentation writes in its place? A miss publishes a key, a false alarm hides a word of
 * an example: where both are likely, it is a secret.
 */

const placeholder =
  /(?:your|my|the|some|insert|put|replace|change|paste|enter|add)[-_ .]?(?:own|me|it|this|here|real|actual|new|secret|api|key|token|password)|example|placeholder|dummy|sample|redacted|hidden|xxx|\*\*\*|\.\.\.|…|<[^>]*>|1234567890|abcdefgh|deadbeef|foobar|lorem|process\.env|import\.meta|os\.environ|getenv/i;

/** What stands for a value that comes from elsewhere: `${TOKEN}`, `{{ token }}`, `$TOKEN`, `%s`. */
const variable = /[${}]|%[sdv(]/;

const commonPasswords =
  /^(?:pass(?:word|wd|phrase)?|pw|pwd|secret|changeme|user(?:name)?|root|admin|test(?:ing)?|guest|token|key|postgres|mysql|mongo|redis|rabbitmq|default|none|null|undefined|true|false|x+|\*+|\.+|-+|_+)[-_]?\d{0,4}!?$/i;

/** A password that somebody chose: it need not look random. */
export function isPassword(text: string): boolean {
  return !commonPasswords.test(text) && !placeholder.test(text) && !variable.test(text) && isVaried(text);
}

/** A value that a name (`API_KEY=`) or a header calls secret. */
export function isCredential(text: string): boolean {
  return isPassword(text) && looksRandom(text);
}

/** False for `aaaaaaaa` and `--------`. */
function isVaried(text: string): boolean {
  return new Set(text).size > 2;
}

/** Bits a letter; a random text of 16 hexadecimal digits has about 3.3, of 20 letters and digits about 4. */
const leastEntropy = 3;

/** Letters and digits that change places too often for a word, an identifier or a version. */
export function looksRandom(text: string): boolean {
  const changes = text.match(/\d(?=[A-Za-z])|[A-Za-z](?=\d)/g)?.length ?? 0;
  return changes >= 3 && entropy(text) >= leastEntropy;
}

/** Shannon entropy of the letters, in bits a letter. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
