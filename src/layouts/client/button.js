export function makeButton(className, text, onClick) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = className;
  button.textContent = text;
  button.addEventListener('click', () => onClick(button));
  return button;
}

/** What a button says for 2 s after it was pressed. */
export function answer(button, text) {
  button.dataset.text ??= button.textContent;
  button.textContent = text;
  setTimeout(() => (button.textContent = button.dataset.text), 2_000);
}
