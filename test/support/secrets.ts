/*
 * Secrets that open nothing, in the shape of real ones. Each is put together here, so that no scanner of this
 * repository's host takes one for real.
 */

const lower = 'q7m2x9k4v8b3n6c1z5w0r7t2y9p4h8j3f6d1s5g0l7a2e9i4o8u3';
const mixed =
  'a7Kp2xQ9mB4vT8nC3zW6rL1yH5jF0dS7gE2iU9oP4aR8tY3kM6bN1cX5vZ0qJ7wG2lD9hA4fK8sV3eT6uB1nR5mC0xP7yQ2zL9jW4';
const upper = 'Q7M2X9K4V8B3N6C1Z5W0R7T2Y9P4H8J3F6D1S5G0L7A2E9';
const hexadecimal = '9f3a7c1e5b8d2046a1c9e7f35b8d0246c3e9a7f15d8b2064e1a9c7f35b8d0246';

const cut = (text: string, length: number) => text.repeat(Math.ceil(length / text.length)).slice(0, length);
const join = (...parts: string[]) => parts.join('');

const pemBody = Array.from({ length: 12 }, () => cut(mixed, 64)).join('\n');
const privateKey = (label: string) =>
  join('-----BEGIN ', label, 'PRIVATE KEY-----\nMIIE', pemBody, '\n-----END ', label, 'PRIVATE KEY-----');

const serviceAccount = JSON.stringify(
  {
    type: 'service_account',
    project_id: 'demo',
    private_key_id: cut(hexadecimal, 40),
    private_key: privateKey(''),
  },
  null,
  2,
);

export interface Planted {
  name: string;
  /** What stands in the text. */
  text: string;
  /** The part of it that must not be seen. */
  secret: string;
}

function whole(name: string, ...parts: string[]): Planted {
  return { name, text: join(...parts), secret: join(...parts) };
}

function within(name: string, before: string, secret: string, after = ''): Planted {
  return { name, text: before + secret + after, secret };
}

export const plantedSecrets: readonly Planted[] = [
  whole('AWS access key', 'AK', 'IA', cut(upper, 16)),
  whole('AWS temporary key', 'AS', 'IA', cut(upper, 16)),
  within('AWS secret key', 'aws_secret_access_key = ', cut(mixed, 40)),
  whole('GitHub personal token', 'gh', 'p_', cut(mixed, 36)),
  whole('GitHub fine-grained token', 'github', '_pat_', cut(mixed, 82)),
  whole('GitHub app token', 'gh', 's_', cut(mixed, 36)),
  whole('GitLab token', 'gl', 'pat-', cut(mixed, 20)),
  whole('npm token', 'np', 'm_', cut(mixed, 36)),
  within('npm registry', '//registry.npmjs.org/:_authToken=', cut(hexadecimal, 36)),
  whole('PyPI token', 'py', 'pi-AgEIcHlwaS5vcmc', cut(mixed, 80)),
  whole('RubyGems key', 'ruby', 'gems_', cut(hexadecimal, 48)),
  whole('Slack token', 'xo', 'xb-2416', cut('1234567890', 8), '-', cut(mixed, 24)),
  whole(
    'Slack webhook',
    'https://hooks.',
    'slack.com/services/T',
    cut(upper, 9),
    '/B',
    cut(upper, 9),
    '/',
    cut(mixed, 24),
  ),
  whole('Discord webhook', 'https://discord', '.com/api/webhooks/', '123456789012345678/', cut(mixed, 68)),
  whole('Discord bot token', 'MT', cut(mixed, 24), '.G', cut(mixed, 5), '.', cut(mixed, 38)),
  whole('Telegram bot token', '7104928361', ':AA', cut(mixed, 33)),
  whole('Stripe live key', 'sk', '_live_', cut(mixed, 24)),
  whole('Stripe restricted key', 'rk', '_live_', cut(mixed, 24)),
  whole('Stripe webhook secret', 'wh', 'sec_', cut(mixed, 32)),
  whole('SendGrid key', 'S', 'G.', cut(mixed, 22), '.', cut(mixed, 43)),
  whole('Shopify token', 'sh', 'pat_', cut(hexadecimal, 32)),
  whole('OpenAI project key', 'sk', '-proj-', cut(mixed, 74), 'T3Blbk', 'FJ', cut(mixed, 74)),
  whole('OpenAI old key', 'sk', '-', cut(mixed, 20), 'T3Blbk', 'FJ', cut(mixed, 20)),
  whole('Anthropic key', 'sk', '-ant-api03-', cut(mixed, 93), 'AA'),
  whole('Anthropic sign-in token', 'sk', '-ant-oat01-', cut(mixed, 80)),
  whole('OpenRouter key', 'sk', '-or-v1-', hexadecimal),
  whole('Groq key', 'gs', 'k_', cut(mixed, 52)),
  whole('xAI key', 'xa', 'i-', cut(mixed, 80)),
  whole('Hugging Face token', 'h', 'f_', cut('qWeRtYuIoPaSdFgHjKlZxCvBnMkLpOiUyT', 34)),
  whole('Replicate token', 'r', '8_', cut(mixed, 37)),
  whole('Google API key', 'AI', 'za', cut(mixed, 35)),
  whole('Google client secret', 'GOC', 'SPX-', cut(mixed, 28)),
  whole('Google access token', 'ya', '29.', cut(mixed, 60)),
  { name: 'Google service account', text: serviceAccount, secret: cut(mixed, 64) },
  whole('Linear token', 'lin', '_api_', cut(mixed, 40)),
  whole('Notion token', 'nt', 'n_', '12345678901', cut(mixed, 35)),
  whole('Grafana token', 'gl', 'sa_', cut(mixed, 32), '_', cut(hexadecimal, 8)),
  whole('1Password token', 'op', 's_eyJ', cut(mixed, 200), 'fQ=='),
  whole('Vault token', 'hv', 's.', cut(mixed, 95)),
  whole('Vercel token', 'vc', 'p_', cut(mixed, 40)),
  whole('Databricks token', 'da', 'pi', cut(hexadecimal, 32)),
  whole('Docker token', 'dc', 'kr_pat_', cut(mixed, 27)),
  whole('Figma token', 'fi', 'gd_', cut(mixed, 40)),
  whole('Cloudflare token', 'cf', 'ut_', cut(mixed, 40), cut(hexadecimal, 8)),
  whole('Tailscale key', 'ts', 'key-auth-', cut(mixed, 12), '-', cut(mixed, 32)),
  whole('DigitalOcean token', 'do', 'p_v1_', hexadecimal),
  whole('Supabase key', 'sb', 'p_', cut(hexadecimal, 40)),
  whole('Netlify token', 'nf', 'p_', cut(mixed, 36)),
  whole('Terraform token', cut(mixed, 14), '.atl', 'asv1.', cut(mixed, 67)),
  whole('Pulumi token', 'pu', 'l-', cut(hexadecimal, 40)),
  whole('Postman key', 'PM', 'AK-', cut(hexadecimal, 24), '-', cut(hexadecimal, 34)),
  whole('New Relic key', 'NR', 'AK-', cut(upper, 27)),
  whole('Sentry token', 'snt', 'rys_', cut(mixed, 80)),
  whole('Atlassian token', 'AT', 'ATT3xFfGF0', cut(mixed, 100)),
  whole('Airtable token', 'pat', cut(mixed, 14), '.', hexadecimal),
  whole('Mailgun key', 'ke', 'y-', cut(hexadecimal, 32)),
  whole('Mailchimp key', cut(hexadecimal, 32), '-u', 's14'),
  whole('Twilio key', 'S', 'K', cut(hexadecimal, 32)),
  whole('Square secret', 'sq', '0csp-', cut(mixed, 43)),
  within(
    'Azure storage key',
    'DefaultEndpointsProtocol=https;AccountName=demo;',
    join('Account', 'Key=', cut(mixed, 86), '=='),
  ),
  whole('Azure client secret', 'abc', '8Q~', cut(mixed, 34)),
  whole('age key', 'AGE-SEC', 'RET-KEY-1', cut(upper, 58)),
  whole('JSON web token', 'ey', 'J', cut(mixed, 34), '.ey', 'J', cut(mixed, 60), '.', cut(mixed, 43)),
  whole('private key', privateKey('')),
  whole('RSA private key', privateKey('RSA ')),
  whole('encrypted private key', privateKey('ENCRYPTED ')),
  whole('the beginning of a private key', privateKey('EC ').slice(0, 400)),
  within('password in an address', 'https://deploy:', 'v7Kq2mX9tB', '@git.example.net/app.git'),
  within('password of PostgreSQL', 'postgres://app:', 'kT9!vB2#xQ', '@db.internal:5432/app'),
  within('password of MongoDB', 'mongodb+srv://app:', 'kT9vB2xQ7w', '@cluster0.example.net/app'),
  within('password of Redis', 'redis://:', 'kT9vB2xQ7wLm', '@cache.internal:6379/0'),
  within(
    'bearer of a request',
    'curl -H "Authorization: Bearer ',
    cut(lower, 40),
    '" https://api.example.net',
  ),
  within('line of an environment file', 'DB_PASSWORD=', 'kT9vB2xQ7wLm4'),
  within('field of JSON', '{"client_secret": "', cut(mixed, 24), '"}'),
  within('constant in code', "const apiKey = '", cut(lower, 32), "';"),
  within('line of YAML', 'db:\n  password: ', 'Zx87fK2mP9dL4sW1vT6b'),
  within('line of an INI file', 'PrivateKey = ', 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk='),
  within('Java property', 'spring.datasource.password=', 'Zx87fK2mP9dL4sW1vT6b'),
  within('header of a request', 'X-API-Key: ', cut(hexadecimal, 32)),
  within('cookie', 'Cookie: theme=dark; session=', cut(mixed, 32), '; lang=en'),
  within('password of curl', 'curl -sS -u mira:', 'kT9vB2xQ7wLm4', ' https://api.example.net'),
  within('flag of a command', 'deploy --auth-token ', cut(mixed, 32), ' --now'),
  within('flag in an array', '["deploy", "--password", "', cut(mixed, 20), '"]'),
  within(
    'query of an address',
    'https://api.example.net/v1?page=2&access_token=',
    cut(mixed, 32),
    '&lang=en',
  ),
  within('sentence', 'The password is `', 'Zx87fK2mP9dL4sW1vT6b', '`, by the way.'),
  within('cell of a table', '| API_KEY | ', cut(hexadecimal, 32), ' |'),
  within('JSON in JSON', String.raw`{"body":"{\"api_key\":\"`, cut(hexadecimal, 32), String.raw`\"}"}`),
  within(
    'cell of a notebook',
    String.raw`"source": ["api_key = \"`,
    cut(hexadecimal, 32),
    String.raw`\"\n"]`,
  ),
  within('line of a .netrc', 'machine example.net login mira password ', 'Zx87fK2mP9dL4sW1vT6b'),
  within('key of PuTTY', 'Private-Lines: 24\n', `${pemBody}\n${pemBody}`, '\nPrivate-MAC: 12'),
  within(
    'many cookies',
    'Cookie: ',
    Array.from({ length: 60 }, (_, n) => `c${n}=${cut(mixed, 30)}`).join('; '),
  ),
  within(
    'private key with line numbers, cut off',
    '     1→-----BEGIN RSA PRIVATE KEY-----\n     2→',
    cut(mixed, 64),
    `\n     3→${cut(lower, 52)}`,
  ),
  whole(
    'JSON web token with a certificate',
    'ey',
    'J',
    cut(mixed, 2_000),
    '.ey',
    'J',
    cut(mixed, 60),
    '.',
    cut(mixed, 43),
  ),
  whole(
    'encrypted JSON web token',
    'ey',
    'J',
    cut(mixed, 34),
    '..',
    cut(mixed, 16),
    '.',
    cut(mixed, 90),
    '.',
    cut(mixed, 22),
  ),
];
