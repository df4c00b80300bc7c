import { ShareError } from '../errors.ts';

/** By magic numbers: JPEG, PNG, WebP and TIFF. */
const picture = /^(?:\xFF\xD8\xFF|\x89PNG|RIFF....WEBP|II\*\0|MM\0\*)/s;

/**
 * Whether a picture tells where it was taken. What no reader understands tells nothing.
 *
 * @param path  A picture whose header was read already.
 */
export async function hasPlace(path: string): Promise<boolean> {
  const { default: exifr } = await import('exifr');
  try {
    const place = await exifr.gps(path);
    return Number.isFinite(place.latitude) && Number.isFinite(place.longitude);
  } catch {
    return false; // nothing is told, or the picture is damaged, or of a kind that has no such data
  }
}

/**
 * The same picture, upright, without what a camera or a program wrote into it: place, time, owner, device, comments.
 * Its colours keep their profile. It is compressed again, at a quality at which nobody sees a difference.
 *
 * @param head  The first bytes.
 * @returns Undefined for what is no picture.
 * @throws ShareError `source_invalid` when the picture cannot be read: it may hold what was to be taken out.
 */
export async function withoutMetadata(path: string, head: Uint8Array): Promise<Uint8Array | undefined> {
  if (!picture.test(Buffer.from(head.subarray(0, 16)).toString('latin1'))) return undefined;
  const { default: sharp } = await import('sharp');
  try {
    const image = sharp(path, { animated: true }).autoOrient().keepIccProfile();
    const { format } = await sharp(path).metadata();
    if (format === 'jpeg') return await image.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
    if (format === 'webp') return await image.webp({ quality: 95 }).toBuffer();
    return await image.toBuffer();
  } catch (cause) {
    throw new ShareError(
      'source_invalid',
      'A picture cannot be read, so what it tells about its making cannot be taken out; what was live is still live.',
      { hint: 'Save the picture again, or share without `--strip-metadata`.', cause },
    );
  }
}
