import { ShareError } from '../src/errors.ts';

/**
 * Puts text on the owner's clipboard: the machine's own, or, over SSH and where there is none, that of the terminal by
 * the OSC 52 sequence.
 *
 * @returns What to tell the owner.
 * @throws ShareError `usage` when there is neither.
 */
export async function copyText(text: string): Promise<string> {
  if (process.env.SSH_TTY === undefined && process.env.SSH_CONNECTION === undefined) {
    const { default: clipboard } = await import('clipboardy');
    try {
      await clipboard.write(text);
      return 'Copied to the clipboard.';
    } catch {
      // No clipboard program or no display: the terminal's clipboard is left to try.
    }
  }
  if (!process.stderr.isTTY)
    throw new ShareError('usage', 'There is no clipboard here: no clipboard program, and no terminal.', {
      hint: 'Print the link with `share status`, or pipe it on.',
    });
  process.stderr.write(osc52(text));
  return 'Sent to your terminal’s clipboard (OSC 52).';
}

/** Asks the terminal to copy. tmux hands it on only when it is wrapped. Source: xterm control sequences, "OSC 52". */
export function osc52(text: string, insideTmux = process.env.TMUX !== undefined): string {
  const sequence = `\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`;
  return insideTmux ? `\x1bPtmux;${sequence.replaceAll('\x1b', '\x1b\x1b')}\x1b\\` : sequence;
}

/** Who has not failed by then is at work: some wait for the browser to be closed. */
const longestStartMs = 1_000;

export async function openUrl(link: string): Promise<void> {
  const { default: open } = await import('open');
  const child = await open(link);
  const isOpen = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(true), longestStartMs); // keeps this process alive: the child does not
    const end = (isOpen: boolean): void => {
      clearTimeout(timer);
      resolve(isOpen);
    };
    child.once('error', () => end(false));
    child.once('exit', (code) => end(code === 0));
  });
  if (!isOpen) process.stderr.write('No browser could be started here: open the link yourself.\n');
}
