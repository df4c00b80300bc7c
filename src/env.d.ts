/// <reference types="astro/client" />

declare namespace App {
  /** What `src/render/entry.ts` hands to a page: public data only. */
  interface Locals {
    snapshot: import('./snapshot/snapshot.ts').Snapshot;
    /** Where the page will stand; undefined for one that stands alone, which has no address and nothing beside it. */
    place:
      | { site: import('./urls.ts').SiteUrl; shareId: import('./urls.ts').ShareId; preview: boolean }
      | undefined;
    page: import('./snapshot/pages.ts').Page & {
      /** Hash of what is on this page. */
      state: string;
      isLast: boolean;
      /** Every page of the conversation, on the first page; on the others empty, so that they stay as they are. */
      all: import('./snapshot/pages.ts').Page[];
    };
    /** Sanitised HTML of a text or thinking part of the snapshot, to be put in later. */
    markdown: (text: string) => string;
    /** HTML that is much and does not have to pass through Astro: a mark that stands in its place until the page is whole. */
    later: (html: string) => string;
    /** What has room on the page of what a sub-agent said and did. */
    beginningOf: import('./snapshot/scales.ts').Scales['beginningOf'];
  }
}
