import type { Command } from 'commander';
import { realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ShareError } from '../../src/errors.ts';
import { hosts, isHostName } from '../../src/host/hosts.ts';
import { toUnits } from '../../src/host/systemd.ts';
import { toSiteUrl, type SiteUrl } from '../../src/urls.ts';
import { defaultSite, type Config } from '../config.ts';
import { configOf, type CommonOptions } from '../context.ts';
import { packageRoot } from '../package-root.ts';
import { say } from '../report.ts';
import { save } from '../save.ts';

interface HostOptions extends CommonOptions {
  domain?: string;
  out?: string;
}

const names = [...Object.keys(hosts), 'systemd'];

export function addHost(program: Command): void {
  program
    .command('host')
    .argument('<host>', names.join(', '))
    .summary('print the configuration of a web server or static host')
    .description(
      'Prints the configuration that makes a host serve the output as `share serve` does: every header, one 404 for all that is not there, no listing. Its first lines say what to do with it. It is for the output folder and the site that are set. With systemd it prints the units of `share serve` and `share watch`, and --out names the folder to write them into.',
    )
    .option('--domain <name>', 'for this domain instead of the site that is set')
    .option('--out <file>', 'write to this file (systemd: into this folder), and replace what is there')
    .addHelpText(
      'after',
      '\nExamples:\n  $ share host nginx --domain share.example.org --out conversation-share.conf\n  $ share host s3 > shares.yaml\n  $ share host systemd --out /etc/systemd/system',
    )
    .action(async (name: string, options: HostOptions, command: Command) => {
      if (name === 'systemd') {
        hand(unitsFor(await configOf(command)), options.out);
        return;
      }
      if (!isHostName(name))
        throw new ShareError('usage', `No configuration for "${name}" is known.`, {
          hint: `Choose one of ${names.join(', ')}.`,
        });
      const config = await configOf(command);
      const site = siteFor(config, options.domain);
      const text = hosts[name]({ site, output: config.output.value });
      if (options.out === undefined) process.stdout.write(text);
      else {
        save(options.out, text);
        say(`Saved as ${options.out}. Its first lines say what is next.`);
      }
    });
}

function unitsFor(config: Config): Map<string, string> {
  return toUnits({
    command: [process.execPath, realpathSync(fileURLToPath(new URL('cli/share.js', packageRoot())))],
    user: userInfo().username,
    site: config.site.value,
    owner: config.owner.value,
    data: config.data.value,
    library: config.library.value,
    output: config.output.value,
  });
}

function hand(units: Map<string, string>, folder: string | undefined): void {
  for (const [name, unit] of units)
    if (folder === undefined) process.stdout.write(`# /etc/systemd/system/${name}\n${unit}\n`);
    else save(join(folder, name), unit);
  const started = [...units.keys()].map((name) => name.replace(/\.service$/, '')).join(' ');
  say(`Next: systemctl daemon-reload && systemctl enable --now ${started}`);
}

/** @throws ShareError `usage` where nobody said for which site. */
function siteFor({ site }: Config, domain: string | undefined): SiteUrl {
  if (domain !== undefined) return toSiteUrl(/^https?:\/\//i.test(domain) ? domain : `https://${domain}`);
  if (site.value === defaultSite && site.origin === 'default')
    throw new ShareError('usage', 'For which domain?', {
      hint: 'Add `--domain share.example.org`, or set SHARE_SITE. A domain of its own is the safest.',
    });
  return site.value;
}
