/**
 * Draws every sample conversation and the 404 page, as `npm run screenshots` does: three widths, light and dark, whole
 * pages, into `screenshots/`. With `--open` everything that is folded is open.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromiumPath, launchBrowser } from './support/browser.ts';
import { publishSamples } from './support/samples.ts';

const folder = fileURLToPath(new URL('../screenshots/', import.meta.url));
const widths = [360, 768, 1440];
const schemes = ['light', 'dark'] as const;

async function takeScreenshots(isOpen: boolean): Promise<number> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const samples = await publishSamples();
  const browser = await launchBrowser();
  let taken = 0;
  try {
    for (const width of widths)
      for (const colorScheme of schemes) {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
        const page = await context.newPage();
        for (const [name, url] of samples.urls) {
          const response = await page.goto(url);
          if ((response?.status() === 404) !== (name === '404')) throw new Error(`${name} was not served.`);
          // Lazy pictures load when they come into view, which a picture of the whole page does not make them do.
          await page.evaluate(async (openAll) => {
            if (openAll) for (const details of document.querySelectorAll('details')) details.open = true;
            for (const image of document.images) image.loading = 'eager';
            const drawn = [...document.images].filter((image) => image.checkVisibility());
            await Promise.all(drawn.map((image) => image.decode()));
          }, isOpen);
          const path = join(folder, `${name}-${width}-${colorScheme}.png`);
          await page.screenshot({ path, fullPage: true });
          taken += 1;
        }
        await context.close();
      }
  } finally {
    await browser.close();
    await samples.close();
  }
  return taken;
}

if (chromiumPath === undefined)
  console.log('No screenshots were taken: Chromium is not installed (no `chromium` in PATH).');
else console.log(`${await takeScreenshots(process.argv.includes('--open'))} screenshots in ${folder}`);
