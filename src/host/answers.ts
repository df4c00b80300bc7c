import { addresses, type Address } from './addresses.ts';
import { staticHeaders, type Headers } from './headers.ts';
import { fixedTypes, passiveTypes } from './media-types.ts';

/** An address with all that is said when its file is there. */
export interface Answer extends Address {
  headers: Headers;
  /** Value of Content-Type; undefined where the name of the file decides. */
  type: string | undefined;
}

const inlineExtensions = [...passiveTypes].filter(([, type]) => type.inline).map(([extension]) => extension);

/** Extensions in the two cases that people write, for regular expressions without flags. */
const anyCase = inlineExtensions.map((extension) =>
  extension.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`),
);
const endsAsImage = `\\.(?:${anyCase.join('|')})`;

/** In the order in which they are tried: the first that fits is the one. */
export const answers: readonly Answer[] = addresses.flatMap((address): Answer[] => {
  if (address.kind !== 'file')
    return [
      {
        ...address,
        headers: staticHeaders(address.kind, false),
        type: fixedTypes[address.kind].type,
      },
    ];
  const image = {
    pattern: `(${address.filePattern}${endsAsImage})`,
    filePattern: address.filePattern + endsAsImage,
  };
  return [
    { ...address, ...image, headers: staticHeaders('file', true), type: undefined },
    { ...address, headers: staticHeaders('file', false), type: undefined },
  ];
});

/** Content-Type → the extensions that have it; every other extension is `application/octet-stream`. */
export const extensionsByType: ReadonlyMap<string, readonly string[]> = Map.groupBy(
  passiveTypes.keys(),
  (extension) => passiveTypes.get(extension)?.type ?? '',
);

/** Types whose bytes are worth compressing, without their parameters. */
export const compressibleTypes: readonly string[] = [
  ...new Set(
    [...passiveTypes.values(), ...Object.values(fixedTypes)]
      .filter((type) => type.compressible)
      .map((type) => bareType(type.type)),
  ),
].sort();

/** Types that are sent with `charset=utf-8`, without their parameters. */
export const textTypes: readonly string[] = compressibleTypes.filter((type) => type.startsWith('text/'));

export function bareType(type: string): string {
  return type.replace(/;.*$/, '');
}
