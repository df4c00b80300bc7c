import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Person {
  name?: string;
  email?: string;
}

/**
 * Who somebody is to Git: what agents' sessions show of them, in every log. Of their own files `user.name` and
 * `user.email` are read, not what these include. A name of one word is passed over: `Mark` is in many a text.
 */
export function gitPerson(home: string, configHome: string): Person & { path?: string } {
  for (const path of [join(home, '.gitconfig'), join(configHome, 'git', 'config')]) {
    const { name, email } = userIn(textOf(path));
    const isTelling = name !== undefined && /\S\s+\S|[^\u0000-\u024F]/.test(name);
    if (isTelling || email !== undefined)
      return { path, ...(isTelling ? { name } : {}), ...(email === undefined ? {} : { email }) };
  }
  return {};
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // most have only one of them, or none
  }
}

/** The last of each counts, as for Git. */
function userIn(text: string): Person {
  const person: Person = {};
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line)?.[1]?.toLowerCase() ?? section;
    const [, key = '', value = ''] = /^\s*(name|email)\s*=\s*(.*?)\s*$/i.exec(line) ?? [];
    const plain = value.replace(/\s+[#;].*$/, '').replace(/^"(.*)"$/, '$1');
    if (section === 'user' && plain !== '') person[key.toLowerCase() === 'name' ? 'name' : 'email'] = plain;
  }
  return person;
}
