import type { Command } from 'commander';
import { exitCodes, ShareError } from '../../src/errors.ts';
import type { Desk } from '../desk.ts';
import { asNotFound, configOf, withDesk, type CommonOptions } from '../context.ts';
import { argument, printJson, say } from '../report.ts';
import { isWatched } from '../shares.ts';
import { allowSecrets, printReview, reviewConversation } from '../secrets.ts';
import { takeConversation } from '../take.ts';

interface ReviewOptions extends CommonOptions {
  thinking?: boolean;
  allow?: string[];
  strict?: boolean;
}

export function addReview(program: Command): void {
  program
    .command('review')
    .argument('<conversation>', 'id, title, path, share id or link, or a file of another tool')
    .summary('show the secrets in a conversation, where they stand')
    .description(
      `Shows what was found to be secret in a conversation, each where it stands, without its value. Publishing hides it:
in a text, its kind stands in its place; a file with a secret in it is not published. Shares nothing.`,
    )
    .option('--thinking', 'look at the assistant’s thinking, too')
    .option('--allow <fingerprint...>', 'let this one be seen; it is remembered who did, and when')
    .option('--strict', 'exit with 4 when anything would be hidden')
    .option('--json', 'print [{fingerprint, kind, place, context, allowed}]')
    .addHelpText(
      'after',
      `
Examples:
  $ share review sales-analysis
  $ share review sales-analysis --allow 3f2a91c07be5d412
  $ share review ~/.claude/projects/-home-mira-app/3f2a….jsonl --strict`,
    )
    .action(async (name: string, options: ReviewOptions, command: Command) => {
      const config = await configOf(command);
      const owner = config.owner.value;
      await asNotFound(name, () => withDesk(config, (desk) => review(desk, owner, name, options)));
    });
}

async function review(desk: Desk, owner: string, name: string, options: ReviewOptions): Promise<void> {
  const { conversation, id, share } = await takeConversation(desk, owner, name);
  const allowed = () => (id === undefined ? [] : desk.registry.allowed(id));
  const look = () =>
    reviewConversation(conversation, options.thinking ?? share?.thinking ?? false, allowed());
  let seen = await look();
  if (options.allow !== undefined) {
    if (id === undefined)
      throw new ShareError('usage', `${name} is not in the library, so nothing can be remembered of it.`, {
        hint: `Use \`share create ${argument(name)} --allow <fingerprint>\`.`,
      });
    allowSecrets(desk.registry, owner, id, options.allow, seen.secrets);
    seen = await look();
    if (share !== undefined && !isWatched(desk)) say(`\`share sync\` publishes it.`);
  }
  if (options.json === true) printJson(seen.secrets);
  else printReview(seen, `share ${id === undefined ? 'create' : 'review'} ${argument(name)}`);
  const isClean = seen.secrets.every((secret) => secret.allowed);
  if (options.strict === true && !isClean) process.exitCode = exitCodes.refusedForSecret;
}
