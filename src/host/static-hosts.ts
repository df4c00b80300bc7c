import { toHeadersFile } from './headers-file.ts';
import { guide, toPlace, type Target } from './target.ts';

/** What Netlify reads; the output folder holds it already. */
export function toNetlify(target: Target): string {
  const place = toPlace(target);
  return (
    guide(`Netlify for ${target.site}`, place, [
      'The output has these lines as its _headers and needs nothing else: pretty URLs stay on, as they are by default.',
      `After every sync: netlify deploy --prod --no-build --dir "${place.output}"`,
      'Old deploys keep deleted shares under addresses of their own: delete them (Deploys → Options → Delete deploy).',
    ]) + toHeadersFile()
  );
}

/** What Cloudflare Pages reads; the output folder holds it already. */
export function toCloudflare(target: Target): string {
  const place = toPlace(target);
  return (
    guide(`Cloudflare Pages for ${target.site}`, place, [
      'The output has these lines as its _headers and needs nothing else. /share/<id> leads on to /share/<id>/.',
      `After every sync: npx wrangler pages deploy "${place.output}" --project-name shares --branch main`,
      'Old deployments keep deleted shares under addresses of their own: delete them (Deployments → … → Delete).',
    ]) + toHeadersFile()
  );
}

/**
 * A script that publishes to GitHub Pages, which sends no header of ours: what protects a viewer there is in the pages
 * and in the names of the files.
 */
export function toGitHubPages(target: Target): string {
  const place = toPlace(target);
  const { hostname, output } = place;
  const isOwnDomain = !hostname.endsWith('.github.io');
  return `#!/bin/sh
${guide(`GitHub Pages for ${target.site}`, place, [
  'GitHub sends none of our headers. Pages bring their own policy and noindex, and no attached file has a name that runs;\nbut files cannot say noindex, and anybody may frame a page.',
  'A branch would keep deleted shares in its history, so this pushes one commit without parents over the last one. GitHub\ngoes on showing an old commit to who knows its hash. Where deleting must be final, take another host.',
  'Save this as publish.sh. After every sync: sh publish.sh git@github.com:you/shares.git',
  'In the settings of the repository: Pages → Deploy from a branch → gh-pages.',
])}set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "${output}/." "$work"
cd "$work"
rm -f .conversation-share _headers
${isOwnDomain ? `echo ${hostname} > CNAME\n` : ''}git init -q
git add -A
git -c user.name=share -c user.email=share@localhost -c commit.gpgsign=false commit -q -m Shares
git push -q --force "$1" HEAD:gh-pages
`;
}
