import type { RouteKind } from './addresses.ts';

export interface MediaType {
  /** Value of Content-Type. */
  type: string;
  /** Worth negotiating gzip and br. The bytes of images, audio, video and archives are packed already. */
  compressible: boolean;
  /** A browser may show it in place of downloading it: it cannot carry script. */
  inline: boolean;
}

const text = (type: string): MediaType => ({
  type: `${type}; charset=utf-8`,
  compressible: true,
  inline: false,
});
/** Its encoding is part of its format. */
const data = (type: string): MediaType => ({ type, compressible: true, inline: false });
const packed = (type: string): MediaType => ({ type, compressible: false, inline: false });
const raster = (type: string): MediaType => ({ type, compressible: false, inline: true });

const office = 'application/vnd.openxmlformats-officedocument';
const openDocument = 'application/vnd.oasis.opendocument';

/**
 * Attached files that no browser runs. HTML, SVG, XML and scripts are absent on purpose, and so is `.ts`, which the
 * registries call a video: what is not here is `application/octet-stream`.
 */
export const passiveTypes: ReadonlyMap<string, MediaType> = new Map<string, MediaType>([
  ['png', raster('image/png')],
  ['jpg', raster('image/jpeg')],
  ['jpeg', raster('image/jpeg')],
  ['gif', raster('image/gif')],
  ['webp', raster('image/webp')],
  ['avif', raster('image/avif')],
  ['bmp', raster('image/bmp')],
  ['ico', raster('image/x-icon')],
  ['csv', text('text/csv')],
  ['tsv', text('text/tab-separated-values')],
  ['txt', text('text/plain')],
  ['text', text('text/plain')],
  ['log', text('text/plain')],
  ['md', text('text/markdown')],
  ['markdown', text('text/markdown')],
  ['diff', text('text/x-diff')],
  ['patch', text('text/x-diff')],
  ['tex', text('text/x-tex')],
  ['bib', text('text/x-bibtex')],
  ['vtt', text('text/vtt')],
  ['ics', text('text/calendar')],
  ['json', data('application/json')],
  ['jsonl', data('application/jsonl')],
  ['ndjson', data('application/jsonl')],
  ['geojson', data('application/geo+json')],
  ['ipynb', data('application/x-ipynb+json')],
  ['yaml', data('application/yaml')],
  ['yml', data('application/yaml')],
  ['toml', data('application/toml')],
  ['sql', data('application/sql')],
  ['srt', data('application/x-subrip')],
  ['pdf', packed('application/pdf')],
  ['zip', packed('application/zip')],
  ['gz', packed('application/gzip')],
  ['docx', packed(`${office}.wordprocessingml.document`)],
  ['xlsx', packed(`${office}.spreadsheetml.sheet`)],
  ['pptx', packed(`${office}.presentationml.presentation`)],
  ['odt', packed(`${openDocument}.text`)],
  ['ods', packed(`${openDocument}.spreadsheet`)],
  ['odp', packed(`${openDocument}.presentation`)],
  ['epub', packed('application/epub+zip')],
  ['mp3', packed('audio/mpeg')],
  ['m4a', packed('audio/mp4')],
  ['aac', packed('audio/aac')],
  ['ogg', packed('audio/ogg')],
  ['opus', packed('audio/ogg')],
  ['wav', packed('audio/wav')],
  ['flac', packed('audio/flac')],
  ['mp4', packed('video/mp4')],
  ['m4v', packed('video/mp4')],
  ['mov', packed('video/quicktime')],
  ['webm', packed('video/webm')],
  ['ogv', packed('video/ogg')],
]);

export const unknownType = packed('application/octet-stream');

export const fixedTypes: Readonly<Record<Exclude<RouteKind, 'file'>, MediaType>> = {
  page: text('text/html'),
  markdown: text('text/markdown'),
  json: data('application/json'),
  zip: packed('application/zip'),
  robots: text('text/plain'),
  'not-found': text('text/html'),
};

/** What a route's bytes are: by its kind and, for an attached file, by the last extension of its name in the URL. */
export function mediaTypeOf({ kind, segments }: { kind: RouteKind; segments: readonly string[] }): MediaType {
  if (kind !== 'file') return fixedTypes[kind];
  const name = segments.at(-1) ?? '';
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase();
  return (extension === undefined ? undefined : passiveTypes.get(extension)) ?? unknownType;
}
