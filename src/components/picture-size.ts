import type { PublishedFile } from '../snapshot/snapshot.ts';

/**
 * Size to draw a picture at, in CSS pixels: its own, or the largest of the same shape that fits. A browser keeps that
 * room before the picture is there, so that nothing moves when it comes. Empty where the file's own size is not known.
 */
export function sizeWithin(
  { width, height }: Pick<PublishedFile, 'width' | 'height'>,
  most: { width: number; height: number },
): { width?: number; height?: number } {
  if (width === undefined || height === undefined) return {};
  const scale = Math.min(1, most.width / width, most.height / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
