import { endless, hungry } from './stuck-texts.ts';

/*
 * The program of a rendering thread, where a text that begins with certain words never ends, or eats all memory: a fault
 * in what draws messages that nobody knows of yet.
 */

const replace = Object.getOwnPropertyDescriptor(String.prototype, 'replace')?.value as (
  ...args: unknown[]
) => string;

Object.defineProperty(String.prototype, 'replace', {
  value: function (this: string, ...args: unknown[]): string {
    if (this.startsWith(endless)) for (;;);
    if (this.startsWith(hungry))
      for (const all: number[][] = []; ;) all.push(Array<number>(100_000).fill(1.5));
    return replace.apply(this, args);
  },
});

await import('../../cli/prepare-worker.ts');
