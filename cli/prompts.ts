import { autocomplete, autocompleteMultiselect, confirm, isCancel, type Option } from '@clack/prompts';

/** Asks on the terminal; Ctrl-C and Escape are a no. */
export async function askYesNo(message: string): Promise<boolean> {
  const answer = await confirm({ message, initialValue: false, output: process.stderr });
  return !isCancel(answer) && answer;
}

const mostItems = 12;

/** Lets a person look for one of many by words; undefined when they give up. */
export async function askOne<Value>(message: string, options: Option<Value>[]): Promise<Value | undefined> {
  const answer = await autocomplete({ message, options, maxItems: mostItems, filter: holdsWords });
  return isCancel(answer) ? undefined : answer;
}

/**
 * Lets a person look for some of many by words; undefined when they give up.
 *
 * @param chosen  What is ticked at first.
 */
export async function askSome<Value>(
  message: string,
  options: Option<Value>[],
  chosen: Value[],
): Promise<Value[] | undefined> {
  const answer = await autocompleteMultiselect({
    message,
    options,
    initialValues: chosen,
    required: true,
    maxItems: mostItems,
    filter: holdsWords,
    output: process.stderr,
  });
  return isCancel(answer) ? undefined : answer;
}

function holdsWords<Value>(search: string, { label = '', hint = '' }: Option<Value>): boolean {
  const text = fold(`${label} ${hint}`);
  return fold(search)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function fold(text: string): string {
  return text.normalize('NFKC').trim().toLocaleLowerCase('en');
}
