/**
 * The built renderer's only door: `astro build` bundles this file with the pages, Astro and everything that
 * turns text into HTML. `renderer.ts` loads the bundle; nothing else does.
 */
import { createApp } from 'astro/app/entrypoint';

export { checkPage } from './gate.ts';
export { renderMarkdown } from './markdown.ts';

const app = createApp({ streaming: false });

// Astro would answer a failed component with an error page; a page that cannot be drawn must not be published.
app.renderError = (request, { error, status }) => {
  throw error instanceof Error
    ? error
    : new Error(`${new URL(request.url).pathname} rendered with status ${status}.`);
};

// Pages take their addresses from `locals.place`; this origin never shows.
const origin = 'http://renderer.invalid';

/** HTML of one conversation. Throws what a component throws. */
export async function renderPage(locals: App.Locals): Promise<string> {
  return render(`/share/${locals.place?.shareId ?? 'alone'}`, 200, locals);
}

/** HTML of the page for every link that leads nowhere; always the same. */
export async function renderNotFound(): Promise<string> {
  return render('/404', 404);
}

async function render(path: string, expected: number, locals?: App.Locals): Promise<string> {
  const response = await app.render(new Request(origin + path), locals && { locals });
  if (response.status !== expected) throw new Error(`${path} rendered with status ${response.status}.`);
  return response.text();
}
