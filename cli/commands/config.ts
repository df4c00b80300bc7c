import type { Command } from 'commander';
import { limitNames, type Limits } from '../../src/limits.ts';
import type { Setting } from '../config.ts';
import { configOf, type CommonOptions } from '../context.ts';
import { paint, print, printJson } from '../report.ts';

export function addConfig(program: Command): void {
  program
    .command('config')
    .summary('show each setting and where it came from')
    .description(
      `Shows each setting and where it came from: a flag, the environment (SHARE_DATA, SHARE_SITE, SHARE_OWNER, SHARE_NAME, SHARE_EMAIL, SHARE_LIBRARY, SHARE_OUTPUT, SHARE_LIMITS), config.json in the data folder, your own conversation-share/config.json, or the default.`,
    )
    .option('--json', 'print {setting: {value, origin}}')
    .addHelpText('after', '\nExample:\n  $ share config --site https://example.org')
    .action(async (options: CommonOptions, command: Command) => {
      const config = await configOf(command);
      if (options.json === true) {
        printJson(config);
        return;
      }
      const { limits, ...others } = config;
      const all = { ...others, limits: { ...limits, value: wordsOf(limits.value) } };
      for (const [name, { value, origin }] of Object.entries(all) as [string, Setting<string>][])
        print(`${name.padEnd(8)} ${value}  ${paint('dim', `(${origin})`)}`);
    });
}

function wordsOf(limits: Limits): string {
  return limitNames.map((name) => `${name} ${limits[name].toLocaleString('en')}`).join(', ');
}
