import { chromium, type Browser } from 'playwright-core';
import { findProgram } from './programs.ts';

export const chromiumPath = findProgram('chromium');

/** Chromium that talks to nobody but the page's own server. */
export function launchBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('Chromium is not installed.');
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
