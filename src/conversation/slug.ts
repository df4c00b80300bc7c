const longestSlug = 40;

/** A title as part of a name to type: lower-case ASCII words joined by dashes. Empty where there are none. */
export function slugOf(title: string): string {
  const ascii = title.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const words = ascii.split(/[^a-z\d]+/).filter((word) => word !== '');
  return words.join('-').slice(0, longestSlug).replace(/-$/, '');
}
