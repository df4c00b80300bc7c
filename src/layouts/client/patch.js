/**
 * Element → its HTML as it came from the server, before the script added to it. What is not in here is the script's
 * own. Groups, whose children are compared one by one, stand with their names.
 */
const sources = new WeakMap();

const isGroup = (element) =>
  element.matches(
    '.masthead, .outline, .outline details, .outline ol, .files, .files ul, main, .message, :has(main, .message)',
  );

/** What a child is matched by when its content changed. */
const nameOf = (element) => element.id || `${element.localName}.${element.classList[0]}`;

const sourceOf = (element, isOne = isGroup(element)) => (isOne ? nameOf(element) : element.outerHTML);

const foreign = 'script, style, link, meta, base';

const contentOf = (element) => [...element.children].filter((child) => !child.matches(foreign));

export function remember(element) {
  const isOne = isGroup(element);
  sources.set(element, sourceOf(element, isOne));
  if (isOne) contentOf(element).forEach(remember);
}

/** Whether a group of before can go on as `next`. */
const goesOn = (old, next) => sources.get(old) === nameOf(old) && isGroup(next);

/**
 * Makes a group like `fresh`, which comes from another document. Nodes that say the same are left alone, so that
 * what the viewer does with them (selects, focuses, opens) goes on.
 *
 * @returns The elements that took the place of others, and those that are new.
 */
export function patch(group, fresh, result = { replaced: [], added: [] }) {
  for (const { name, value } of fresh.attributes)
    if (group.getAttribute(name) !== value) group.setAttribute(name, value);
  const before = [...group.children].filter((child) => sources.has(child));
  const wanted = contentOf(fresh).map((element) => ({ element, source: sourceOf(element) }));
  const wantedSources = new Set(wanted.map(({ source }) => source));
  const take = (isIt) => {
    const index = before.findIndex(isIt);
    return index < 0 ? undefined : before.splice(index, 1)[0];
  };
  const pairs = wanted.map(({ element, source }) => [
    take((old) => sources.get(old) === source) ??
      take((old) => nameOf(old) === nameOf(element) && !wantedSources.has(sources.get(old))),
    element,
    source,
  ]);
  for (const old of before) old.remove();
  let place = nextOf(group.firstElementChild);
  for (const [old, next, source] of pairs) {
    if (old === place) place = nextOf(place?.nextElementSibling);
    else if (old) group.insertBefore(old, place);
    if (old && goesOn(old, next)) patch(old, next, result);
    else if (!old) {
      group.insertBefore(adopt(next), place);
      result.added.push(next);
    } else if (sources.get(old) !== source) {
      old.replaceWith(adopt(next));
      openAsBefore(old, next);
      result.replaced.push(next);
    }
  }
  return result;
}

/** The next element that is not the script's own; where there is none, what the script put at the end of the group. */
function nextOf(element) {
  let next = element;
  while (next && !sources.has(next)) next = next.nextElementSibling;
  return next ?? element ?? null;
}

function adopt(element) {
  for (const each of element.querySelectorAll(foreign)) each.remove();
  remember(element);
  return document.adoptNode(element);
}

function openAsBefore(old, next) {
  const detailsOf = (element) => [
    ...(element.localName === 'details' ? [element] : []),
    ...element.querySelectorAll('details'),
  ];
  const after = detailsOf(next);
  detailsOf(old).forEach((details, index) => {
    if (details.open && after[index]) after[index].open = true;
  });
}
