let current;

// The round that crosses a line a fifth below the top is the one being read.
const reading = new IntersectionObserver(
  (entries) => {
    const round = entries.findLast((entry) => entry.isIntersecting)?.target;
    if (round) markRound(round.id);
  },
  { rootMargin: '-20% 0px -79% 0px' },
);

export function watchRounds(root) {
  for (const round of root.querySelectorAll('.round[id]')) reading.observe(round);
  if (root.matches('.round[id]')) reading.observe(root);
}

/** Marks the round's link in the outline, and keeps it in view there; without `id`, the round marked last. */
export function markRound(id = current) {
  current = id;
  const outline = document.querySelector('nav.outline');
  for (const link of outline?.querySelectorAll('a') ?? []) {
    if (!id || !link.hash || link.hash !== `#${id}`) link.removeAttribute('aria-current');
    else if (link.ariaCurrent !== 'true') {
      link.ariaCurrent = 'true';
      scrollInside(outline, link);
    }
  }
}

/** As `scrollIntoView` does, but never moves the page around the box. */
function scrollInside(box, element) {
  const [outer, inner] = [box.getBoundingClientRect(), element.getBoundingClientRect()];
  if (inner.top < outer.top) box.scrollTop -= outer.top - inner.top + outer.height / 3;
  if (inner.bottom > outer.bottom) box.scrollTop += inner.bottom - outer.bottom + outer.height / 3;
}
