import { toHeadersFile } from '../host/headers-file.ts';

/**
 * Files of the whole site that every static host understands.
 *
 * `/share/` stays allowed in robots.txt: a crawler that may not fetch a page never sees its `noindex`, and then lists
 * the bare link (Google's advice on blocking indexing). Crawlers that gather training data are told to stay away.
 */
export function siteFiles(notFound: string): Map<string, string> {
  return new Map([
    ['404.html', notFound],
    ['robots.txt', robots],
    ['_headers', toHeadersFile()],
    ['.nojekyll', ''],
  ]);
}

const trainingCrawlers = [
  'AI2Bot',
  'Amazonbot',
  'Applebot-Extended',
  'Bytespider',
  'CCBot',
  'ClaudeBot',
  'Diffbot',
  'FacebookBot',
  'GPTBot',
  'Google-Extended',
  'Meta-ExternalAgent',
  'Omgili',
  'Timpibot',
  'cohere-ai',
  'img2dataset',
];

const robots = `# Shared conversations say "noindex" themselves, which a crawler must be able to read.
User-agent: *
Allow: /share/

${trainingCrawlers.map((name) => `User-agent: ${name}`).join('\n')}
Disallow: /
`;
