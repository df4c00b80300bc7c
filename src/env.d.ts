/// <reference types="astro/client" />

declare namespace App {
  /** What `src/render/entry.ts` hands to a page: public data only. */
  interface Locals {
    snapshot: import('./snapshot/snapshot.ts').Snapshot;
    /** Where the page will stand. */
    place: { site: import('./urls.ts').SiteUrl; shareId: import('./urls.ts').ShareId };
    /** Sanitised HTML of a text or thinking part of the snapshot. */
    markdown: (text: string) => string;
  }
}
