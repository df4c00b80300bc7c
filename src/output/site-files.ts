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
    ['_headers', headers],
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

/**
 * Netlify and Cloudflare Pages read this. The policy here leaves out the page's own style and script: those stand, with
 * their hashes, in the page, and a second policy can only narrow the first.
 */
const headers = `/*
  X-Robots-Tag: noindex, nofollow, noarchive, nosnippet, noimageindex
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
  X-Frame-Options: DENY
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Resource-Policy: same-origin
  Permissions-Policy: camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()
  Content-Security-Policy: frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'
  Cache-Control: no-cache

/share/:id/files/*
  Content-Security-Policy: sandbox; default-src 'none'
  Content-Disposition: attachment

/share/:id/zip/*
  Content-Security-Policy: sandbox; default-src 'none'
  Content-Disposition: attachment
`;
