/**
 * What a share's files were when they were published: path below the share's folder → SHA-256 in hexadecimal. By it one
 * can tell whether somebody changed them since.
 */
export type Manifest = ReadonlyMap<string, string>;
