import { basename, dirname, join, relative } from 'node:path';
import { customAlphabet } from 'nanoid';
import { openLibrary, sourceSignature, type Library, type Source } from '../src/conversation/library.ts';
import { usualLimits } from '../src/limits.ts';
import { attach, type OnProgress } from '../src/output/attachments.ts';
import { openOutputFolder, type Output, type Stage } from '../src/output/folder.ts';
import { siteFiles } from '../src/output/site-files.ts';
import type { FaultPoint } from '../src/publish/contracts.ts';
import { createPrepare, type Prepare } from '../src/publish/prepare.ts';
import { createPublisher, type Publisher } from '../src/publish/publisher.ts';
import { openCache, type Cache } from '../src/registry/cache.ts';
import { loadRenderer } from '../src/render/renderer.ts';
import { scanTexts } from '../src/secrets/scan.ts';
import { createScanner, type Scanner } from '../src/secrets/scanner.ts';
import { openDesk, readerFor, type AppPaths, type Desk } from './desk.ts';
import { openPool } from './pool.ts';
import { shareIdAlphabet, shareIdLength, type ShareId } from '../src/urls.ts';

/** What preparing a share takes to open. */
export interface BenchPaths extends AppPaths {
  /** The registry's mark on its outputs. */
  identity: string;
}

/** Everything: enough to publish. */
export interface App extends Desk {
  output: Output;
  publisher: Publisher;
  /** The slow part of a publish, to see what it would put there. */
  prepare: Prepare;
  /** Gets ready what prepares, before the first request. */
  warmUp(): Promise<void>;
}

export interface AppOptions {
  /** Called at each named step of publish, revoke, sync and migration; tests stop the process there. */
  at?: FaultPoint;
  /** Told of what goes wrong that no single share's `problem` tells, and of every bug. */
  onTrouble?: (error: unknown, what: string) => void;
  /** Told how a conversation's files get on, while they are copied and zipped. */
  onProgress?: OnProgress;
  /** Told of the folder that a share is being prepared in. */
  onStage?: (folder: string) => void;
  /**
   * Prepare every share in a thread, where one that never ends can be stopped. It takes 0.5 s of CPU to start, which is
   * half of what `share create` takes: whoever waits for a single share sees it and can stop it.
   */
  threads?: boolean;
  /** What a thread runs; tests give one that gets stuck. */
  threadProgram?: URL;
}

/**
 * Opens a data folder for publishing, and writes the site-wide files of its output.
 *
 * @throws ShareError `registry_*`, `output_*`, `renderer_missing`.
 */
export async function openApp(paths: AppPaths, options: AppOptions = {}): Promise<App> {
  const desk = openDesk(paths, options.at);
  const { registry, library } = desk;
  const benchPaths = { ...paths, identity: registry.identity };
  const bench = await openBench(benchPaths, options);
  const { output, renderer, cache } = bench;
  const pool = openPool(benchPaths, {
    discard: (stage) => output.discard(stage),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(options.threadProgram === undefined ? {} : { program: options.threadProgram }),
  });
  const prepare = options.threads === true ? pool.prepare : bench.prepare;
  const publisher = createPublisher<Source, Stage>({
    registry,
    output,
    renderer,
    scanner: bench.scanner,
    site: paths.site,
    limits: bench.limits,
    sources: sourcesOf(library, paths),
    prepare,
    forget: (conversation) => cache.forget(conversation),
    newShareId: () => newShareId() as ShareId,
    now: () => new Date(),
    prepareMany: pool.prepareMany,
    ...(options.onTrouble === undefined ? {} : { onTrouble: options.onTrouble }),
    ...(options.at === undefined ? {} : { at: options.at }),
  });
  await output.writeSite(siteFiles(await renderer.notFound(paths.site)));
  const close = () => {
    pool.close();
    cache.close();
    registry.close();
  };
  const warmUp = () => (options.threads === true ? pool.warmUp() : Promise.resolve());
  return { ...desk, output, publisher, prepare, warmUp, close };
}

/** What preparing a share takes; a worker thread opens only this. */
export async function openBench(
  paths: BenchPaths,
  { at, onProgress = () => undefined, onStage = () => undefined }: AppOptions = {},
) {
  const { limits = usualLimits } = paths;
  const output = openOutputFolder(paths.output, stagingFor(paths), paths.identity, at);
  const cache: Cache = openCache(join(paths.data, 'cache.sqlite'));
  const renderer = await loadRenderer({ fragments: cache, limits });
  const scanner: Scanner = createScanner(cache);
  const prepare = createPrepare<Source, Stage>({
    sources: sourcesOf(openLibrary(paths.library), paths),
    output: { ...output, stage: (id) => toldOf(output.stage(id), onStage) },
    renderer,
    scanner: { version: scanner.version, scan: scanner.scan, scanNames: scanTexts },
    site: paths.site,
    limits,
    attach: (request) => attach({ output, cache, scanner, limits }, onProgress, request),
  });
  return { output, cache, renderer, scanner, prepare, limits };
}

function toldOf(stage: Stage, onStage: (folder: string) => void): Stage {
  onStage(stage.folder);
  return stage;
}

export const newShareId = customAlphabet(shareIdAlphabet, shareIdLength);

function sourcesOf(library: Library, paths: AppPaths) {
  const person = JSON.stringify(paths.person ?? {});
  return {
    find: (conversation: string) => library.find(conversation),
    read: readerFor(paths),
    signature: (source: Source) => {
      const signature = sourceSignature(source);
      return signature && { ...signature, text: signature.text + person };
    },
  };
}

/** Beside the output when that was moved out of the data folder: renames do not cross filesystems. */
function stagingFor({ data, output }: AppPaths): string {
  const inside = !relative(data, output).startsWith('..');
  return inside ? join(data, 'staging') : join(dirname(output), `.${basename(output)}.staging`);
}
