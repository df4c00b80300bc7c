let region;

export function beginAnnouncing() {
  // A region is heard only when it stood there, empty, before.
  region = document.createElement('p');
  region.className = 'announcer';
  region.setAttribute('aria-live', 'polite');
  document.body.append(region);
}

/** Tells a screen reader, when it has time. A new text node is heard even if it says the same again. */
export function announce(text) {
  region.replaceChildren(text);
}
