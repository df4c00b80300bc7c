import type {
  Json,
  Round,
  Snapshot,
  SnapshotFile,
  SnapshotMessage,
  SnapshotPart,
  SnapshotSource,
} from './snapshot.ts';

/** A secret in a text: its kind as people call it, and where it is, in UTF-16 units. */
export interface Finding {
  kind: string;
  start: number;
  /** The first unit behind it. */
  end: number;
  /** Names this kind with this value, and tells nothing of the value. */
  fingerprint: string;
}

/** Secrets of each text, in the order of the texts; those of one text in their order, not overlapping. */
export type ScanTexts = (texts: readonly string[]) => Promise<Finding[][]>;

/** What became of a secret that was found in a conversation. Tells nothing of its value. */
export interface FoundSecret {
  fingerprint: string;
  kind: string;
  /** `round 3, Bash output, line 12`. */
  place: string;
  /** `allowed`: the owner let it through. `shown`: no secret, but worth a warning, such as where a picture was taken. */
  became: 'masked' | 'withheld' | 'allowed' | 'shown';
}

/** What stands where a secret stood. */
export function maskOf(kind: string): string {
  return `[hidden: ${kind}]`;
}

/** Puts its mask over each secret that the owner did not let through. */
export function mask(text: string, findings: readonly Finding[], allowed: ReadonlySet<string>): string {
  let result = '';
  let from = 0;
  for (const { kind, start, end, fingerprint } of findings) {
    if (allowed.has(fingerprint)) continue;
    result += text.slice(from, start) + maskOf(kind);
    from = end;
  }
  return result + text.slice(from);
}

/** A text of a snapshot with secrets in it. */
export interface Suspect {
  text: string;
  place: string;
  findings: Finding[];
}

/**
 * Finds secrets in everything that a snapshot says, each text once. Names and previews of files are not looked at: a
 * file is scanned whole, and withheld.
 */
export async function findSecrets(snapshot: Snapshot, scan: ScanTexts): Promise<Suspect[]> {
  const places = new Map<string, string>();
  mapTexts(snapshot, (text, place) => {
    if (!places.has(text)) places.set(text, place);
    return text;
  });
  const findings = await scan([...places.keys()]);
  const suspects = [...places].flatMap(([text, place], index) => {
    const inText = findings[index] ?? [];
    return inText.length === 0 ? [] : [{ text, place, findings: inText }];
  });
  return suspects.map((suspect) => ({ ...suspect, place: withoutNames(suspect.place, suspects) }));
}

/** A place is told by the name of a tool, too, which may be a secret itself. */
function withoutNames(place: string, suspects: readonly Suspect[]): string {
  return suspects
    .filter(({ text }) => place.includes(text))
    .reduce((clean, { text, findings }) => clean.replaceAll(text, mask(text, findings, new Set())), place);
}

/**
 * Masks the secrets in everything that a snapshot says.
 *
 * @param allowed  Fingerprints that the owner let through.
 */
export async function withoutSecrets(
  snapshot: Snapshot,
  scan: ScanTexts,
  allowed: ReadonlySet<string>,
): Promise<{ snapshot: Snapshot; found: FoundSecret[] }> {
  const suspects = await findSecrets(snapshot, scan);
  if (suspects.length === 0) return { snapshot, found: [] };
  const byText = new Map(suspects.map(({ text, findings }) => [text, findings]));
  return {
    snapshot: mapTexts(snapshot, (text) => mask(text, byText.get(text) ?? [], allowed)),
    found: suspects.flatMap((suspect) =>
      suspect.findings.map((finding) => toFound(finding, placeOf(suspect, finding), allowed, 'masked')),
    ),
  };
}

/** Names of files go into addresses, and that of the ZIP is the title: they are clean before anything is named so. */
export async function cleanNames(
  { title, fileNames }: { title: string; fileNames: string[] },
  scan: ScanTexts,
  allowed: ReadonlySet<string>,
): Promise<{ title: string; names: string[]; found: FoundSecret[] }> {
  const [inTitle = [], ...inNames] = await scan([title, ...fileNames]);
  const names = fileNames.map((name, index) => mask(name, inNames[index] ?? [], allowed));
  const found = inNames.flatMap((findings, index) =>
    findings.map((finding) => toFound(finding, `name of file ${index + 1}`, allowed, 'masked')),
  );
  // Those of the title are found again in the snapshot.
  return { title: mask(title, inTitle, allowed), names, found };
}

/** `round 3, Bash output, line 12` */
export function placeOf({ text, place }: Suspect, { start }: Finding): string {
  if (!text.includes('\n')) return place;
  return `${place}, line ${text.slice(0, start).split('\n').length}`;
}

/** UTF-16 units on either side. */
const shownAround = 60;

/** The line that a secret stands in, all secrets in it masked, cut to what is around this one. */
export function contextOf(text: string, findings: readonly Finding[], finding: Finding): string {
  const from = Math.max(text.lastIndexOf('\n', finding.start - 1) + 1, finding.start - shownAround);
  const lineEnd = text.indexOf('\n', finding.end);
  const to = Math.min(lineEnd === -1 ? text.length : lineEnd, finding.end + shownAround);
  const within = findings.flatMap(({ start, end, ...rest }) => {
    const [begins, ends] = [Math.max(start, from), Math.min(end, to)];
    return begins < ends ? [{ ...rest, start: begins - from, end: ends - from }] : [];
  });
  return mask(text.slice(from, to), within, new Set()).trim();
}

export function toFound(
  { fingerprint, kind }: Pick<Finding, 'fingerprint' | 'kind'>,
  place: string,
  allowed: ReadonlySet<string>,
  became: 'masked' | 'withheld' | 'shown',
): FoundSecret {
  return { fingerprint, kind, place, became: allowed.has(fingerprint) ? 'allowed' : became };
}

/** Given a text and where it stands, what stands there instead. */
type Change = (text: string, place: string) => string;

/** Every text of a snapshot that may say anything, changed. Dates, numbers and what is made from files stay. */
function mapTexts(snapshot: Snapshot, change: Change): Snapshot {
  return {
    ...snapshot,
    title: change(snapshot.title, 'the title'),
    type: change(snapshot.type, 'the type'),
    rounds: snapshot.rounds.map((round) => mapRound(round, `round ${round.number}`, change)),
    files: snapshot.files.map((file) => mapFile(file, change)),
  };
}

function mapRound(round: Round, place: string, change: Change): Round {
  return { ...round, messages: round.messages.map((message) => mapMessage(message, place, change)) };
}

function mapMessage(message: SnapshotMessage, place: string, change: Change): SnapshotMessage {
  const speaker = message.role === 'user' ? 'question' : 'answer';
  return { ...message, parts: message.parts.map((part) => mapPart(part, place, speaker, change)) };
}

function mapPart(part: SnapshotPart, place: string, speaker: string, change: Change): SnapshotPart {
  switch (part.type) {
    case 'text':
      return { ...part, text: change(part.text, `${place}, ${speaker}`) };
    case 'thinking':
      return { ...part, text: change(part.text, `${place}, thinking`) };
    case 'tool-call': {
      const { name, input, output, subAgent } = part;
      const called = `${place}, ${name}`;
      return {
        ...part,
        name: change(name, `${place}, name of a tool`),
        input: mapJson(input, `${called} input`, change),
        ...(output === undefined ? {} : { output: change(output, `${called} output`) }),
        ...(subAgent === undefined
          ? {}
          : {
              subAgent: {
                ...(subAgent.name === undefined
                  ? {}
                  : { name: change(subAgent.name, `${place}, name of an agent`) }),
                rounds: subAgent.rounds.map((round) => mapRound(round, `${place}, agent`, change)),
              },
            }),
      };
    }
    case 'image':
      return { ...part, alt: change(part.alt, `${place}, description of an image`) };
    case 'file':
      return part;
    case 'sources':
      return {
        ...part,
        sources: part.sources.map((source) => mapSource(source, `${place}, source`, change)),
      };
  }
}

/** An address with a secret in it leads nowhere once that is masked: of it, the site is kept. */
function mapSource({ title, url }: SnapshotSource, place: string, change: Change): SnapshotSource {
  const isClean = change(url, place) === url;
  return {
    ...(title === undefined ? {} : { title: change(title, place) }),
    url: isClean ? url : `${new URL(url).origin}/`,
  };
}

/**
 * A value is read together with what names it, since `password` alone tells that the word behind it is one: its key, the
 * `name` beside a `value`, or the argument before it.
 */
function mapJson(value: Json, place: string, change: Change, name = ''): Json {
  if (typeof value === 'string') return changeNamed(name, value, place, change);
  if (Array.isArray(value))
    return value.map((item, index) => mapJson(item, place, change, argumentIn(value[index - 1]) ?? name));
  if (value === null || typeof value !== 'object') return value;
  const beside = value['name'] ?? value['key'];
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      change(key, place),
      mapJson(item, place, change, key === 'value' && typeof beside === 'string' ? beside : key),
    ]),
  );
}

function changeNamed(name: string, text: string, place: string, change: Change): string {
  if (name === '') return change(text, place);
  const named = `${name}=`;
  const changed = change(named + text, place);
  return changed.startsWith(named) ? changed.slice(named.length) : changed;
}

/** `--password` → `password` */
function argumentIn(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? /^--?([A-Za-z][\w-]{0,60})$/.exec(value)?.[1] : undefined;
}

function mapFile(file: SnapshotFile, change: Change): SnapshotFile {
  if (file.description === undefined) return file;
  return { ...file, description: change(file.description, `description of ${file.name}`) };
}
