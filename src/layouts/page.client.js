// Everything here is comfort: the page says all it has to say without it.
import { landOnPage } from './client/address.js';
import { beginAnnouncing } from './client/announce.js';
import { enhance } from './client/enhance.js';
import { follow } from './client/live.js';
import { watchRounds } from './client/outline.js';
import { remember } from './client/patch.js';
import { openForPrint } from './client/print.js';
import { addThemeButton, applyTheme } from './client/theme.js';

// At once, so that where the script stands in the head nothing is painted in the other theme first.
applyTheme();

// Works from the head as well as from the end of the body.
document.addEventListener('DOMContentLoaded', () => {
  // Before anything below changes what the server sent.
  remember(document.body);
  beginAnnouncing();
  enhance(document.body);
  watchRounds(document.body);
  addThemeButton();
  openForPrint();
  landOnPage();
  follow();
});
