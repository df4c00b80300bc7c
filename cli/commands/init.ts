import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { defaultSite } from '../config.ts';
import { configOf, withApp } from '../context.ts';
import { say } from '../report.ts';

export function addInit(program: Command): void {
  program
    .command('init')
    .summary('make a data folder and say what is next')
    .description(
      'Makes the data folder with its library, registry and output, and keeps the site URL in its config.json when one is given. Running it again changes nothing else.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ share init\n  $ share init --data ./data --site https://share.example.org',
    )
    .action(async (_options: unknown, command: Command) => {
      const config = await configOf(command);
      const { data, library, output, site } = config;
      await withApp(config, () => Promise.resolve());
      mkdirSync(library.value, { recursive: true, mode: 0o700 });
      const file = join(data.value, 'config.json');
      if (!existsSync(file) && site.value !== defaultSite)
        writeFileSync(file, `${JSON.stringify({ site: site.value }, null, 2)}\n`);
      say(`Ready. Conversations: ${library.value}`);
      say(`       Serve this:    ${output.value}`);
      say(`       As:            ${site.value}`);
      say('Next: `share create <conversation>` for a link, `share serve` to serve and follow.');
    });
}
