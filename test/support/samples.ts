import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openApp } from '../../cli/app.ts';
import { startServer } from '../../src/serve/server.ts';
import { shareUrl, toSiteUrl } from '../../src/urls.ts';
import { freePort } from './cli.ts';

const library = fileURLToPath(new URL('../../data/conversations/', import.meta.url));

/** Names of the conversations that come with the project. */
export const sampleNames: readonly string[] = readdirSync(library, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

export interface Samples {
  site: string;
  /** Name of the conversation, or `404` → address of its page. */
  urls: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

/** Publishes every sample by the real app into a folder of its own, and serves it. */
export async function publishSamples(): Promise<Samples> {
  const port = await freePort();
  const site = toSiteUrl(`http://127.0.0.1:${port}`);
  const data = realpathSync(mkdtempSync(join(tmpdir(), 'share-samples-')));
  const output = join(data, 'site');
  const app = await openApp({ data, library, output, site });
  const urls = new Map<string, string>();
  for (const name of sampleNames) {
    const { share } = await app.publisher.create(name, 'tester');
    urls.set(name, shareUrl(site, share.id));
  }
  app.close();
  urls.set('404', `${site}/nothing-here`);
  const server = await startServer({ folder: output, host: '127.0.0.1', port });
  return {
    site,
    urls,
    async close() {
      await server.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
