// Everything here is comfort: the page says all it has to say without it.
{
  const clock = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  });
  for (const time of document.querySelectorAll('time')) {
    time.title = time.textContent;
    time.textContent = clock.format(new Date(time.dateTime));
  }

  for (const box of document.querySelectorAll('pre, .prose table, math[display=block]')) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }

  for (const code of document.querySelectorAll('.prose pre > code')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = 'Copy';
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = 'Copied';
      } catch {
        // No permission, or no HTTPS: leave the text selected for the viewer's own Ctrl+C.
        getSelection().selectAllChildren(code);
        button.textContent = 'Selected';
      }
      setTimeout(() => (button.textContent = 'Copy'), 2000);
    });
    const frame = document.createElement('div');
    frame.className = 'copyable';
    code.parentElement.replaceWith(frame);
    frame.append(code.parentElement, button);
  }

  let opened = [];
  addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll('details:not([open])')];
    for (const details of opened) details.open = true;
  });
  addEventListener('afterprint', () => {
    for (const details of opened) details.open = false;
  });
}
