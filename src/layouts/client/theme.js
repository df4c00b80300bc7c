import { makeButton } from './button.js';

/** Sites of one origin share their storage, hence the long name. */
const key = 'conversation-share-theme';
const themes = ['auto', 'light', 'dark'];
const root = document.documentElement;

const themeNow = () => root.dataset.theme ?? 'auto';

function setTheme(theme) {
  if (theme === 'auto') delete root.dataset.theme;
  else root.dataset.theme = theme;
}

export function applyTheme() {
  try {
    const theme = localStorage.getItem(key);
    if (themes.includes(theme)) setTheme(theme);
  } catch {
    // A browser that keeps nothing follows the system.
  }
}

export function addThemeButton() {
  const label = () => `Theme: ${themeNow()}`;
  const button = makeButton('theme', label(), () => {
    const theme = themes[(themes.indexOf(themeNow()) + 1) % themes.length];
    setTheme(theme);
    button.textContent = label();
    try {
      localStorage.setItem(key, theme);
    } catch {
      // It holds until the page is left.
    }
  });
  document.querySelector('.masthead')?.append(button);
}
