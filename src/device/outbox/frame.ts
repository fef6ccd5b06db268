import { crc32 } from 'node:zlib';

/**
 * A frame of a segment file: kind (1 byte), length of the payload (4), CRC-32 over kind and payload (4), payload. Integers are
 * big-endian. A frame that was cut off by a crash fails its length or its sum.
 */
export type FrameKind = 'record' | 'acknowledged';

export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Buffer;
  /** Where the frame begins in the file, and where the next one does. */
  readonly start: number;
  readonly end: number;
}

const headerBytes = 9;
const kindCodes = { record: 1, acknowledged: 2 } as const;

export function encodeFrame(kind: FrameKind, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + payload.length);
  frame.writeUInt8(kindCodes[kind], 0);
  frame.writeUInt32BE(payload.length, 1);
  frame.set(payload, headerBytes);
  frame.writeUInt32BE(checksum(frame.readUInt8(0), payload), 5);
  return frame;
}

/** The frame at an offset, undefined where there is no whole and sound one. */
export function decodeFrame(bytes: Buffer, start: number): Frame | undefined {
  if (bytes.length - start < headerBytes) return undefined;
  const code = bytes.readUInt8(start);
  const end = start + headerBytes + bytes.readUInt32BE(start + 1);
  if (end > bytes.length || (code !== kindCodes.record && code !== kindCodes.acknowledged)) return undefined;
  const payload = bytes.subarray(start + headerBytes, end);
  if (bytes.readUInt32BE(start + 5) !== checksum(code, payload)) return undefined;
  return { kind: code === kindCodes.record ? 'record' : 'acknowledged', payload, start, end };
}

function checksum(code: number, payload: Uint8Array): number {
  return crc32(payload, crc32(Uint8Array.of(code)));
}
