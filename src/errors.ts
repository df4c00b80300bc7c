/**
 * What a user can cause or repair. Everything else that is thrown is a bug and keeps its stack.
 *
 * Codes are permanent: scripts match on them (`--json` prints `{ "error": { "code", "message", "hint" } }`).
 */
export type ErrorCode =
  | 'usage'
  | 'not_found'
  | 'source_invalid'
  | 'source_missing'
  | 'source_unreadable'
  | 'config_invalid'
  | 'conversation_taken'
  | 'ambiguous'
  | 'gate_refused'
  | 'secret_found'
  | 'output_unwritable'
  | 'output_foreign'
  | 'registry_newer'
  | 'registry_corrupt'
  | 'registry_unwritable'
  | 'renderer_missing'
  | 'locked'
  | 'still_live'
  | 'port_in_use'
  | 'cancelled';

/** Process exit codes, the same for every command; README lists them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  refusedForSecret: 4,
  locked: 5,
  notConfirmed: 6,
  bug: 70,
  interrupted: 130,
} as const;

export class ShareError extends Error {
  override readonly name = 'ShareError';
  readonly code: ErrorCode;
  /** The next thing to do, as a sentence that names a command; undefined where there is none. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }

  get exitCode(): number {
    if (this.code === 'usage' || this.code === 'ambiguous' || this.code === 'config_invalid')
      return exitCodes.usage;
    if (this.code === 'not_found') return exitCodes.notFound;
    if (this.code === 'secret_found') return exitCodes.refusedForSecret;
    if (this.code === 'locked') return exitCodes.locked;
    if (this.code === 'still_live') return exitCodes.notConfirmed;
    if (this.code === 'cancelled') return exitCodes.interrupted;
    return exitCodes.failed;
  }
}

/** The `code` of a Node system error (`ENOENT`, `EACCES`, …), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
