import { isCredential, isPassword, looksRandom } from './likelihood.ts';

/** One kind of secret that we look for beside those of secretlint's recommended rules. */
export interface Kind {
  /** Permanent: fingerprints are made with it. */
  id: string;
  /** What a person calls it; stands in the page where the secret stood. */
  name: string;
  /** Global. A group `secret` or `plain` is what is hidden; without one, all that matches is. */
  pattern: RegExp;
  /**
   * What stands where `pattern` matches, as the source of a pattern that is quick to look for: texts without any are
   * searched no further. Absent where another kind's hint stands there, too.
   */
  hint?: string;
  /** False for a placeholder. */
  isReal?: (secret: string, groups: Record<string, string | undefined>) => boolean;
}

const before = '(?<![A-Za-z0-9])';
const after = '(?![A-Za-z0-9])';

/** A token that says by its first letters what it is. */
function token(id: string, name: string, prefix: string, rest: string, hint = prefix): Kind {
  return { id, name, hint, pattern: new RegExp(`${before}${prefix}${rest}`, 'g') };
}

const pem = String.raw`-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----`;

/** `[Kk][Ee][Yy]`: a flag for part of a pattern is not known to every Node. */
const anyCase = (word: string) => word.replace(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
const pass = `(?<![A-Za-z])${anyCase('pass')}`;
const secretNames = `${anyCase('api[_-]?key|secret[_-]?key|private[_-]?key|access[_-]?key|signing[_-]?key|encryption[_-]?key|auth[_-]?key|secret|token|passw(?:or)?d|passphrase|credentials?')}|${pass}`;
/** Escaped, it stands in a JSON text that is a string of another one. */
const quote = String.raw`\\{0,8}["'\x60]`;
const assigned = String.raw`(?:${quote})?[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4}`;
const nameEnds = `(?:${['key', 'secret', 'token', 'password', 'passwd', 'passphrase', 'credential', 'credentials'].map(anyCase).join('|')}|${pass})`;
const letter = '[A-Za-z0-9+/_=.~!#^&*-]';
const shortest = 12;
const value = `${letter}{${shortest},256}`;
/** What parts a name from its value where neither is quoted, also in prose, in a table, and at a command. */
const parts = String.raw`(?:${assigned}|${quote}?[ \t]{1,4}(?:is|was)[: \t]{1,4}|[ \t]{0,20}\|[ \t]{0,20})`;

const named = String.raw`(?<![A-Za-z0-9_.-])(?<name>[A-Za-z0-9_.-]{0,60}(?:${secretNames}))`;
/** A value that no quotes hold together ends like this: in code, a name goes on. */
const valueEnds = String.raw`(?![A-Za-z0-9+/_=.~(:\[-])`;

/**
 * Formats: what each service documents of its keys, and where it documents nothing, what GitHub's and GitLab's public
 * lists of scanned patterns say.
 */
export const kinds: readonly Kind[] = [
  {
    id: 'private-key',
    name: 'private key',
    hint: 'PRIVATE KEY',
    // Also one that was cut off, and one of which the lines are quoted, indented or escaped.
    pattern: new RegExp(
      String.raw`${pem}(?:[^-]{0,20000}-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|(?:[\sA-Za-z0-9+/=\\>|→"',:.-]{0,12}[A-Za-z0-9+/=]{16,}){1,400})`,
      'g',
    ),
    // Beyond its first and last line: `...` in documentation is no key.
    isReal: (secret) => /[A-Za-z0-9+/]{16}/.test(secret.replace(/-----[^-]*-----/g, '')),
  },
  token(
    'aws-access-key',
    'AWS access key',
    '(?:AKIA|ASIA|ABIA|ACCA)',
    `(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}${after}`,
    'A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}',
  ),
  token('google-api-key', 'Google API key', 'AIza', '[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])'),
  token('google-oauth-token', 'Google access token', String.raw`ya29\.`, '[A-Za-z0-9_-]{30,}'),
  token('google-client-secret', 'Google client secret', 'GOCSPX-', '[A-Za-z0-9_-]{28}'),
  token('anthropic-token', 'Anthropic key', 'sk-ant-', '[A-Za-z0-9_-]{24,}'),
  token('openai-key', 'OpenAI key', 'sk-(?:proj|svcacct|admin|None)-', '[A-Za-z0-9_-]{24,}'),
  token('openrouter-key', 'OpenRouter key', 'sk-or-v1-', '[0-9a-f]{32,}'),
  {
    id: 'sk-key',
    name: 'API key',
    hint: 'sk-[A-Za-z0-9]{20}',
    pattern: new RegExp(`(?<![A-Za-z0-9_-])sk-[A-Za-z0-9]{32,64}${after}`, 'g'),
    isReal: (secret) => looksRandom(secret.slice(3)),
  },
  token('xai-key', 'xAI key', 'xai-', `[A-Za-z0-9]{60,}${after}`),
  token('perplexity-key', 'Perplexity key', 'pplx-', `[A-Za-z0-9]{40,}${after}`),
  token('replicate-token', 'Replicate token', 'r8_', `[A-Za-z0-9]{37,40}${after}`),
  token('huggingface-token', 'Hugging Face token', 'hf_', `(?=[A-Za-z]*\\d)[A-Za-z0-9]{34,37}${after}`),
  token(
    'gitlab-token',
    'GitLab token',
    'gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-',
    '[A-Za-z0-9_.-]{20,}',
  ),
  token('npm-token', 'npm token', 'npm_', `[A-Za-z0-9]{36}${after}`),
  {
    id: 'npm-registry',
    name: 'npm token',
    hint: '_authToken=|_auth=',
    pattern: /_(?:authToken|auth)=(?<secret>[^\s$"'<>]{16,512})/g,
    isReal: isPassword,
  },
  token('onepassword-token', '1Password token', 'ops_eyJ', '[A-Za-z0-9+/=_-]{60,}'),
  token('pypi-token', 'PyPI token', 'pypi-AgE', '[A-Za-z0-9_-]{50,}'),
  token('rubygems-key', 'RubyGems key', 'rubygems_', `[0-9a-f]{48}${after}`),
  token('crates-token', 'crates.io token', 'cio', `[A-Za-z0-9]{32}${after}`),
  token('digitalocean-token', 'DigitalOcean token', 'do[opr]_v1_', `[0-9a-f]{64}${after}`),
  token('supabase-key', 'Supabase key', '(?:sbp_|sb_secret_)', '[A-Za-z0-9_-]{20,}'),
  token('netlify-token', 'Netlify token', 'nfp_', '[A-Za-z0-9_-]{36,}'),
  token('fly-token', 'Fly.io token', '(?:fo1_|fm[12]_|fm1[ar]_)', '[A-Za-z0-9+/=_-]{40,}'),
  token(
    'doppler-token',
    'Doppler token',
    String.raw`dp\.(?:pt|st|ct|sa|scim|audit)\.`,
    '[A-Za-z0-9._-]{40,}',
  ),
  token('pulumi-token', 'Pulumi token', 'pul-', `[0-9a-f]{40}${after}`),
  token(
    'terraform-token',
    'Terraform Cloud token',
    String.raw`[A-Za-z0-9]{14}\.atlasv1\.`,
    '[A-Za-z0-9_=-]{60,}',
    String.raw`\.atlasv1\.`,
  ),
  token('postman-key', 'Postman key', 'PMAK-', '[0-9a-f]{24}-[0-9a-f]{34}'),
  token('newrelic-key', 'New Relic key', 'NR(?:AK|JS|RA|II)-', `[A-Za-z0-9]{27,42}${after}`),
  token('sentry-token', 'Sentry token', 'sntry[su]_', '[A-Za-z0-9_+/=-]{40,}'),
  token('atlassian-token', 'Atlassian token', 'AT(?:ATT|CTT|BB)3?x?', '[A-Za-z0-9_=-]{60,}'),
  token('airtable-token', 'Airtable token', 'pat[A-Za-z0-9]{14}\\.', `[0-9a-f]{64}${after}`),
  token('mailgun-key', 'Mailgun key', 'key-', `[0-9a-f]{32}${after}`),
  token('mailchimp-key', 'Mailchimp key', '[0-9a-f]{32}-us', `\\d{1,2}${after}`, '-us[1-9]'),
  token('sendinblue-key', 'Brevo key', 'xkeysib-', '[0-9a-f]{64}-[A-Za-z0-9]{16}'),
  token('twilio-key', 'Twilio key', 'SK', `(?=[0-9a-f]*\\d[0-9a-f]*\\d)[0-9a-f]{32}${after}`),
  token('square-secret', 'Square secret', 'sq0(?:csp|atp)-', '[A-Za-z0-9_-]{22,}'),
  token('stripe-webhook-secret', 'Stripe webhook secret', 'whsec_', '[A-Za-z0-9+/=]{24,}'),
  token('shopify-token', 'Shopify token', 'shp(?:at|ca|pa|ss)_', `[0-9a-fA-F]{32}${after}`),
  token('slack-token', 'Slack token', 'xox[a-z]-', '[A-Za-z0-9-]{16,}'),
  token(
    'slack-webhook',
    'Slack webhook',
    String.raw`hooks\.slack\.com\/(?:services|workflows|triggers)\/`,
    '[A-Za-z0-9/_-]{20,}',
  ),
  token(
    'discord-webhook',
    'Discord webhook',
    String.raw`discord(?:app)?\.com\/api\/webhooks\/`,
    '\\d{15,}/[A-Za-z0-9_-]{50,}',
  ),
  token(
    'discord-token',
    'Discord bot token',
    String.raw`[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.`,
    '[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_-])',
  ),
  token(
    'telegram-token',
    'Telegram bot token',
    '\\d{8,10}:AA',
    '[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])',
    ':AA[A-Za-z0-9_-]{33}',
  ),
  token('azure-storage-key', 'Azure storage key', 'AccountKey=', '[A-Za-z0-9+/]{86}=='),
  token('azure-sas', 'Azure shared access signature', 'sig=', '[A-Za-z0-9%]{43,}%3[Dd]'),
  token(
    'azure-client-secret',
    'Azure client secret',
    String.raw`[A-Za-z0-9_~.]{3}\dQ~`,
    '[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])',
    '\\dQ~',
  ),
  token('age-key', 'age secret key', 'AGE-SECRET-KEY-1', '[0-9A-Z]{58}'),
  {
    id: 'jwt',
    name: 'JSON web token',
    // Not its beginning: of a text of beginnings, each would be read to the end.
    hint: String.raw`\.eyJ`,
    pattern: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{8,10000}\.[A-Za-z0-9_-]{16,2000}/g,
  },
  {
    // An encrypted one, as a website keeps its session in.
    id: 'jwe',
    name: 'encrypted JSON web token',
    hint: String.raw`\.\.[A-Za-z0-9_-]{16}\.`,
    pattern:
      /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4000}\.\.[A-Za-z0-9_-]{12,32}\.[A-Za-z0-9_-]{8,20000}\.[A-Za-z0-9_-]{16,44}/g,
  },
  {
    id: 'url-password',
    name: 'password in an address',
    hint: String.raw`:\/\/[^\s:\/?#@"'<>\x60]{0,100}:[^\s\/@"'<>\x60]{3,200}@`,
    pattern:
      /(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,20}:\/\/(?<user>[^\s:/?#@"'<>`]{0,100}):(?<secret>[^\s/@"'<>`]{3,200})@(?=[A-Za-z0-9[])/g,
    isReal: (secret, { user }) => secret !== user && isPassword(secret),
  },
  {
    id: 'authorization',
    name: 'authorization header',
    hint: '[Aa][Uu][Tt][Hh][Oo][Rr][Ii][Zz][Aa][Tt][Ii][Oo][Nn]',
    pattern: new RegExp(
      String.raw`(?<![A-Za-z])${anyCase('authorization')}${assigned}["'\x60]?(?:${anyCase('bearer')}|${anyCase('basic')}|${anyCase('token')})[ \t]+(?<secret>[A-Za-z0-9._~+/=-]{16,4096})`,
      'g',
    ),
    isReal: isCredential,
  },
  {
    // In quotes, in code or JSON; and without: YAML, an environment file, a header, a query, a cell of a table, prose.
    id: 'named-secret',
    name: 'secret',
    hint: String.raw`${nameEnds}${parts}(?:${quote})?(?=\D{0,60}\d)${letter}{${shortest}}`,
    pattern: new RegExp(
      String.raw`${named}(?:${assigned}(?<quote>${quote})(?<secret>${value})\k<quote>|${parts}(?:${quote})?(?<plain>${value})${valueEnds})`,
      'g',
    ),
    isReal: isNamedSecret,
  },
  {
    // `--token a1b2…`, also as two elements of an array; a line of a .netrc.
    id: 'argument-secret',
    name: 'secret',
    hint: `(?:-${nameEnds}|${anyCase('passw')}[A-Za-z]{1,10})(?:${quote},[ \\t]{0,4}|[ \\t]{1,4})(?:${quote})?(?=\\D{0,60}\\d)${letter}{${shortest}}`,
    pattern: new RegExp(
      String.raw`(?<![A-Za-z0-9_.-])(?:--?[A-Za-z0-9-]{0,60}(?:${secretNames})|${anyCase('password|passphrase|passwd')})(?:${quote},[ \t]{0,4}|[ \t]{1,4})(?:${quote})?(?<secret>${value})${valueEnds}`,
      'g',
    ),
    isReal: isNamedSecret,
  },
  {
    id: 'curl-password',
    name: 'password of a request',
    hint: String.raw`[ \t](?:-u|--(?:proxy-)?user)[ \t=]{0,4}(?:${quote})?[^\s:"'\x60]{1,100}:`,
    pattern: new RegExp(
      String.raw`(?<=\bcurl\b[^\r\n]{0,300})[ \t](?:-u|--(?:proxy-)?user)[ \t=]{0,4}(?:${quote})?(?<user>[^\s:"'\x60]{1,100}):(?<secret>[^\s"'\x60\\]{6,200})`,
      'g',
    ),
    isReal: (secret, { user }) => secret !== user && isPassword(secret),
  },
  {
    id: 'cookie',
    name: 'cookie',
    hint: `${anyCase('cookie')}(?:${quote})?[ \\t]{0,4}[:=]`,
    pattern: new RegExp(
      String.raw`(?<![A-Za-z0-9_])(?:${anyCase('set-')})?${anyCase('cookie')}${assigned}(?:${quote})?(?<secret>[A-Za-z0-9_.-]{1,100}=[^\s"'\x60\\;]{0,4096}(?:;[ \t]?[^\s"'\x60\\;]{1,4096}){0,50})`,
      'g',
    ),
    isReal: (secret) => secret.split(/[=;]\s?/).some(isCredential),
  },
  {
    id: 'putty-key',
    name: 'private key',
    hint: String.raw`Private-Lines: \d`,
    pattern:
      /Private-Lines: \d{1,4}\r?\n(?<secret>(?:[A-Za-z0-9+/=]{1,76}\r?\n){0,400}[A-Za-z0-9+/=]{1,76})(?![A-Za-z0-9+/=-])/g,
  },
];

/** A token that says where a list goes on is none, nor is that which a blockchain calls so by its address. */
function isNamedSecret(found: string, { name = '' }: Record<string, string | undefined>): boolean {
  const [secret = ''] = found.split(/&(?=[\w.-]+=)/); // in the query of an address others follow
  if (secret.length < shortest || /^0x[0-9a-fA-F]{40}$/.test(secret)) return false;
  return !/(?:page|next|cursor|continuation|csrf|cancel)[_-]?token$/i.test(name) && isCredential(secret);
}
