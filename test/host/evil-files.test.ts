import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer } from '../../src/serve/server.ts';
import { chromiumPath, launchBrowser } from '../support/browser.ts';
import { aPublishedSite, type PublishedSite } from '../support/published-site.ts';
import { isInstalled, serverNames, startWebServer, type ServerName } from '../support/web-servers.ts';

/** Says so in every way that a page can, once it runs. */
const script = `console.log('RAN');try{fetch('/RAN')}catch(e){}`;
const html = `<!doctype html><title>evil</title><script>${script}</script><img src=x onerror="${script}"><iframe srcdoc="<script>${script}</script>"></iframe>`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="${script}"><script>${script}</script><foreignObject><body xmlns="http://www.w3.org/1999/xhtml" onload="${script}"/></foreignObject></svg>`;
const xhtml = `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><script>${script}</script></head><body onload="${script}"/></html>`;
/** Asks for an address in each way that a PDF knows, by itself as soon as it is open. */
const pdfScript = `app.alert('RAN');try{app.launchURL('http://127.0.0.1:9/RAN')}catch(e){}this.submitForm('http://127.0.0.1:9/RAN')`;
const pdfActions = `/S/JavaScript/JS(${pdfScript.replace(/[()]/g, '\\$&')})/Next[<</S/URI/URI(http://127.0.0.1:9/RAN)>><</S/SubmitForm/F(http://127.0.0.1:9/RAN)>><</S/Launch/F(http://127.0.0.1:9/RAN)>>]`;
const pdf = `%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<<${pdfActions}>>>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF`;
const gif = `GIF89a/*${'\0'.repeat(4)}*/=1;${script}//`;
const png = `\x89PNG\r\n\x1a\n${html}`;
const bytes = (text: string) => Buffer.from(text, 'latin1');

const evil: Record<string, Buffer> = {
  'evil.html': bytes(html),
  'evil.htm': bytes(html),
  'evil.shtml': bytes(html),
  'evil.xht': bytes(xhtml),
  'evil.xhtml': bytes(xhtml),
  'evil.xml': bytes(xhtml),
  'evil.svg': bytes(svg),
  'evil.svgz': bytes(svg),
  'evil.js': bytes(script),
  'evil.mht': bytes(`MIME-Version: 1.0\nContent-Type: text/html\n\n${html}`),
  'evil.pdf': bytes(pdf),
  'html-as.pdf': bytes(html),
  'polyglot.gif': bytes(gif),
  'html-in.gif': bytes(`GIF89a${html}`),
  'html-in.png': bytes(png),
  'html-as.png': bytes(html),
  'svg-as.jpg': bytes(svg),
  'html-as.txt': bytes(html),
  'html-as.csv': bytes(html),
  'late-html.txt': bytes(`${' '.repeat(2000)}${html}`),
  'evil.json': bytes(`{"x":"${html.replace(/"/g, "'")}"}`),
  evil: bytes(html),
  'evil-svg': bytes(svg),
  'evil.': bytes(html),
  'evil.unknown': bytes(html),
  'evil.html.bin': bytes(html),
  'evil.html.txt': bytes(html),
  'evil.txt.html': bytes(html),
  'evil.php.jpg': bytes(html),
  'evil.html.gz': bytes(html),
  'evil.HTML': bytes(html),
  'evil.html ': bytes(html),
  '.htaccess': bytes('AddType text/html .txt .wasm .csv\nOptions +Indexes\n'),
  'utf-16.txt': Buffer.from(`\ufeff${html}`, 'utf16le'),
  'zip-of.html.zip': Buffer.concat([bytes('PK\x03\x04'), bytes(html)]),
};

let site: PublishedSite;
let browser: Browser;

beforeAll(async () => {
  site = await aPublishedSite(evil);
  if (chromiumPath !== undefined) browser = await launchBrowser();
});

afterAll(async () => {
  site.remove();
  if (chromiumPath !== undefined) await browser.close();
});

/**
 * Opens each address as a viewer who follows a link to it.
 *
 * @returns Those whose script ran, and what told so.
 */
async function thoseThatRan(url: string, paths: readonly string[]): Promise<string[]> {
  const ran = new Set<string>();
  const context = await browser.newContext({ acceptDownloads: false });
  const open = async (current: { path: string }): Promise<Page> => {
    const page = await context.newPage();
    const told = (how: string) => ran.add(`${current.path} by ${how}`);
    page.on('console', (message) => message.text().includes('RAN') && told('console'));
    page.on('dialog', (dialog) => {
      told('dialog');
      void dialog.dismiss();
    });
    page.on('request', (request) => new URL(request.url()).pathname === '/RAN' && told('request'));
    return page;
  };
  const queue = paths.filter((path) => !path.endsWith('.pdf')).values();
  const visitAll = async () => {
    const current = { path: '' };
    const page = await open(current);
    for (current.path of queue) await visit(page, url + current.path);
    await page.close();
  };
  await Promise.all([visitAll(), visitAll()]);
  // The browser's viewer of PDF is an application that starts after the page counts as loaded.
  for (const path of paths.filter((each) => each.endsWith('.pdf'))) {
    const page = await open({ path });
    await visit(page, url + path);
    if (page.url() === url + path) await page.waitForTimeout(pdfViewerMs);
    await page.close();
  }
  await context.close();
  return [...ran].sort();
}

const pdfViewerMs = 3_000;

/** What becomes a download leaves the page where it was, which is well. */
async function visit(page: Page, url: string): Promise<void> {
  try {
    await page.goto(url, { waitUntil: 'load', timeout: 5_000 });
  } catch (error) {
    if (!/ERR_ABORTED|Download is starting/.test(String(error))) throw error;
  }
}

const pathsOf = (): string[] => [
  ...site.files.map((path) => `/share/${site.id}/${encodeURI(path)}`),
  `/share/${site.id}/${encodeURI(site.zip)}`,
  `/share/${site.id}/conversation.md`,
  `/share/${site.id}/conversation.json`,
];

describe.skipIf(chromiumPath === undefined)('evil files (need Chromium)', () => {
  let control: HttpServer;
  beforeAll(async () => {
    control = createServer((request, response) => {
      const name = decodeURI(request.url ?? '').slice(1);
      const type = /svg$/.test(name)
        ? 'image/svg+xml'
        : /xhtml$/.test(name)
          ? 'application/xhtml+xml'
          : 'text/html';
      response.setHeader('Content-Type', type).end(evil[name] ?? '');
    });
    await once(control.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(async () => {
    control.closeAllConnections();
    control.close();
    await once(control, 'close');
  });

  test('run where a host serves them as what they are, so that the test can see it', async () => {
    const { port } = control.address() as AddressInfo;
    const paths = ['/evil.html', '/evil.svg', '/evil.xhtml', '/evil', '/evil.html.bin', '/html-in.png'];
    const ran = await thoseThatRan(`http://127.0.0.1:${port}`, paths);
    expect([...new Set(ran.map((one) => one.replace(/ by .*/, '')))]).toEqual([...paths].sort());
  });

  test('are all published, but for the hidden one', () => {
    const twins = ['evil.', 'evil.html ']; // the same bytes under the same name, once it is made safe
    expect(site.files.length).toBe(Object.keys(evil).length - 1 - twins.length);
  });

  test('never run on the built-in server', async () => {
    const server = await startServer({ folder: site.output, host: '127.0.0.1', port: 0 });
    try {
      expect(await thoseThatRan(`http://127.0.0.1:${server.port}`, pathsOf())).toEqual([]);
    } finally {
      await server.close();
    }
  });

  for (const name of serverNames) {
    test.skipIf(!isInstalled(name))(
      `never run on ${name} with its generated configuration (needs ${name})`,
      async () => {
        expect(await ranOn(name, false)).toEqual([]);
      },
    );

    /**
     * A PDF that is opened and not downloaded may run a script of its own inside the browser's viewer, apart from the
     * share's origin: it gets as far as a message box. Only a header, which a host without settings does not send,
     * makes it a download.
     */
    test.skipIf(!isInstalled(name))(
      `never run on ${name} that only names the folder, but for a message box of the PDF viewer (needs ${name})`,
      async () => {
        const ran = await ranOn(name, true);
        expect(ran.filter((one) => !one.endsWith('/evil.pdf by dialog'))).toEqual([]);
      },
    );
  }
});

async function ranOn(name: ServerName, plain: boolean): Promise<string[]> {
  const server = await startWebServer(name, site.output, { plain });
  try {
    return await thoseThatRan(`http://127.0.0.1:${server.port}`, pathsOf());
  } finally {
    await server.close();
  }
}
