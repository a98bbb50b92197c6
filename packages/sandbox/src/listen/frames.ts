/** One WebSocket frame (RFC 6455). Only what a command line on the same machine needs: no extensions, no fragments. */
export interface Frame {
  opcode: number;
  payload: Buffer;
}

export const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;
const PAYLOAD_BYTES = 4 * 1024 * 1024;

/** A frame from the server: never masked. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (length < 126) head[1] = length;
  else if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

/**
 * Takes one whole frame off the front of what has arrived.
 * @returns undefined while the frame is not complete
 * @throws Error for a frame that is larger than anything the other side has to say
 */
export function decodeFrame(buffer: Buffer): { frame: Frame; rest: Buffer } | undefined {
  if (buffer.length < 2) return undefined;
  const short = (buffer[1] ?? 0) & 0x7f;
  const masked = ((buffer[1] ?? 0) & 0x80) !== 0;
  const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + sizeBytes + (masked ? 4 : 0);
  if (buffer.length < start) return undefined;
  const length = sizeBytes === 0 ? short : sizeBytes === 2 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
  if (length > PAYLOAD_BYTES) throw new Error('the frame is too large');
  if (buffer.length < start + length) return undefined;
  const payload = Buffer.from(buffer.subarray(start, start + length));
  if (masked) {
    const mask = buffer.subarray(start - 4, start);
    for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
  }
  return { frame: { opcode: (buffer[0] ?? 0) & 0x0f, payload }, rest: buffer.subarray(start + length) };
}
