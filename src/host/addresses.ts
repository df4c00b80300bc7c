import { shareIdAlphabet, shareIdLength } from '../urls.ts';

/** What a URL may mean. A path that has none of these shapes is not there, whatever the output folder holds. */
export type RouteKind = 'page' | 'markdown' | 'json' | 'file' | 'zip' | 'robots' | 'not-found';

/** Sources of regular expressions, in the common part of what JavaScript, PCRE and RE2 understand. */
const id = `[${shareIdAlphabet}]{${shareIdLength}}`;
export const hash = '[0-9a-f]{8,64}';
export const pageNumber = '[1-9][0-9]{0,5}';
const name = '[^/.][^/]*';

/** An address of the site, for a server that knows them by regular expression. */
export interface Address {
  kind: Exclude<RouteKind, 'not-found'>;
  /** Source of a regular expression over a decoded path below the site; not anchored. */
  pattern: string;
  /** Where its file lies below the output folder; `$1` and `$2` are the groups of the pattern. */
  file: string;
  /** The same place as a pattern, for servers that look at the path after it was rewritten. */
  filePattern: string;
}

function asItIs(kind: Address['kind'], pattern: string): Address {
  return { kind, pattern: `(${pattern})`, file: '$1', filePattern: pattern };
}

/** Every address there is; `serve/routes.ts` reads the same shapes segment by segment, and a test compares the two. */
export const addresses: readonly Address[] = [
  {
    kind: 'page',
    pattern: `/share/(${id})/?`,
    file: '/share/$1/index.html',
    filePattern: `/share/${id}/index\\.html`,
  },
  {
    kind: 'page',
    pattern: `/share/(${id})/(${pageNumber})/?`,
    file: '/share/$1/$2/index.html',
    filePattern: `/share/${id}/${pageNumber}/index\\.html`,
  },
  asItIs('markdown', `/share/${id}/conversation\\.md`),
  asItIs('json', `/share/${id}/conversation\\.json`),
  asItIs('zip', `/share/${id}/zip/${hash}/${name}\\.zip`),
  asItIs('file', `/share/${id}/files/${hash}/${name}`),
  asItIs('robots', '/robots\\.txt'),
];
