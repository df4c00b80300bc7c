import { announce } from './announce.js';
import { makeButton } from './button.js';

/** What came and was not in view yet, in the order of the page. */
let unseen = [];
let pill;

const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting, boundingClientRect } of entries)
    if (isIntersecting || boundingClientRect.top < 0 || !target.isConnected) markSeen(target);
  showPill();
});

function markSeen(element) {
  sight.unobserve(element);
  unseen = unseen.filter((each) => each !== element);
}

/** Tells of elements that are new on the page. */
export function tell(elements) {
  if (elements.length === 0) return;
  announce(wordsFor(elements));
  unseen = unseen.filter((each) => each.isConnected).concat(elements);
  // Its first answer, a moment later, says which of them are in view.
  for (const element of elements) sight.observe(element);
}

function wordsFor(elements) {
  const count = elements
    .map((each) => (each.matches('.message') ? 1 : each.querySelectorAll('.message').length))
    .reduce((sum, each) => sum + each, 0);
  if (count > 0) return `${count} new message${count === 1 ? '' : 's'}`;
  return elements.some((each) => each.matches('.pages')) ? 'New page' : 'New content';
}

function showPill() {
  pill ??= makeButton('pill', '', goToFirst);
  if (unseen.length === 0) return pill.remove();
  pill.textContent = wordsFor(unseen);
  if (!pill.isConnected) document.body.append(pill);
}

function goToFirst() {
  const [first] = unseen;
  // Smooth only where the style sheet lets it be.
  first.scrollIntoView();
  // The pill goes, and what had the focus with it.
  first.tabIndex = -1;
  first.focus({ preventScroll: true });
}
