/** Address of a program for a thread that stands in this folder: its source in a checkout, compiled in the package. */
export function threadProgram(name: string): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./${name}.${extension}`, import.meta.url);
}
