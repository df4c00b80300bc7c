import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { limitNames, usualLimits, type Limits } from '../src/limits.ts';
import { toSiteUrl, type SiteUrl } from '../src/urls.ts';
import { gitPerson } from './git-person.ts';
import { readConfigFile, readLimits, type FileSettings, type SomeLimits } from './config-file.ts';

/** Where a value came from, as `share config` shows it. */
export type Origin = string;

export interface Setting<T> {
  value: T;
  origin: Origin;
}

export interface Config {
  /** Holds everything else unless that is moved apart. */
  data: Setting<string>;
  site: Setting<SiteUrl>;
  owner: Setting<string>;
  /** What is hidden wherever it stands in a text; empty where it is not known. */
  name: Setting<string>;
  email: Setting<string>;
  library: Setting<string>;
  output: Setting<string>;
  /** Each limit is settled for itself; the origin names all places that set one. */
  limits: Setting<Limits>;
}

/** The same names as flags, as `SHARE_…` variables and in configuration files. Limits, name and e-mail have no flag. */
export type ConfigFlags = { [name in Exclude<keyof Config, 'limits'>]?: string | undefined };

export interface Surroundings {
  flags: ConfigFlags;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
}

export const defaultSite = 'http://127.0.0.1:4321';

/**
 * Settles every setting: flag, environment, the data folder's `config.json`, the user's own, default; the first wins.
 *
 * @throws ShareError `config_invalid` naming the file or variable.
 */
export async function readConfig({ flags, env, cwd }: Surroundings): Promise<Config> {
  const configHome = env.XDG_CONFIG_HOME ?? join(home(env), '.config');
  const userPath = join(configHome, 'conversation-share', 'config.json');
  const git = gitPerson(home(env), configHome);
  const user = await readConfigFile(userPath, 'user');
  const pick = (name: keyof ConfigFlags, file: [string, ConfigFlags][]): Setting<string> | undefined =>
    first([
      [flags[name], `--${name}`],
      [env[`SHARE_${name.toUpperCase()}`], `SHARE_${name.toUpperCase()}`],
      ...file.map(([path, values]): [string | undefined, string] => [values[name], path]),
    ]);

  const data = absolute(cwd, pick('data', [[userPath, user]]) ?? defaultData(env, cwd));
  const dataPath = join(data.value, 'config.json');
  const files: [string, FileSettings][] = [
    [dataPath, await readConfigFile(dataPath, 'data')],
    [userPath, user],
  ];
  const site = pick('site', files) ?? { value: defaultSite, origin: 'default' };
  const inData = (name: string): Setting<string> => ({
    value: join(data.value, name),
    origin: 'in the data folder',
  });
  return {
    data,
    site: { value: toSiteUrl(site.value), origin: site.origin },
    owner: pick('owner', [[userPath, user]]) ?? { value: userInfo().username, origin: 'your user name' },
    name: pick('name', [[userPath, user]]) ?? { value: git.name ?? '', origin: git.path ?? 'not known' },
    email: pick('email', [[userPath, user]]) ?? { value: git.email ?? '', origin: git.path ?? 'not known' },
    library: absolute(cwd, pick('library', files) ?? inData('conversations')),
    output: absolute(cwd, pick('output', files) ?? inData('site')),
    limits: settleLimits([
      ['SHARE_LIMITS', await readLimits(env.SHARE_LIMITS)],
      ...files.map(([path, { limits = {} }]): [string, SomeLimits] => [path, limits]),
    ]),
  };
}

/** The first place that sets a limit wins. */
function settleLimits(places: readonly [Origin, SomeLimits][]): Setting<Limits> {
  const limits = { ...usualLimits };
  const origins = new Set<Origin>();
  for (const name of limitNames) {
    const [origin, set] = places.find(([, values]) => values[name] !== undefined) ?? [];
    limits[name] = set?.[name] ?? usualLimits[name];
    if (origin !== undefined) origins.add(origin);
  }
  return { value: limits, origin: origins.size === 0 ? 'default' : [...origins].join(', ') };
}

/** `./data` where there is one of ours, else the place the XDG specification gives to user data. */
function defaultData(env: Surroundings['env'], cwd: string): Setting<string> {
  const local = join(cwd, 'data');
  if (['conversations', 'registry.sqlite'].some((name) => existsSync(join(local, name))))
    return { value: local, origin: './data, which is here' };
  const base = env.XDG_DATA_HOME ?? join(home(env), '.local', 'share');
  return { value: join(base, 'conversation-share'), origin: 'default' };
}

function home(env: Surroundings['env']): string {
  return env.HOME ?? homedir();
}

function first(candidates: readonly [string | undefined, Origin][]): Setting<string> | undefined {
  for (const [value, origin] of candidates) if (value !== undefined && value !== '') return { value, origin };
  return undefined;
}

function absolute(cwd: string, setting: Setting<string>): Setting<string> {
  return { value: resolve(cwd, setting.value), origin: setting.origin };
}
