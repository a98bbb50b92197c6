/**
 * The frames of a WebSocket (RFC 6455, section 5): what a server writes, and what it reads from a client. No extensions.
 * https://www.rfc-editor.org/rfc/rfc6455#section-5
 */
export const OPCODE = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Why a line is cut, as the close frame says it (RFC 6455, section 7.4.1). */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupported: 1003,
  notUtf8: 1007,
  tooBig: 1009,
} as const;

/** What one whole message says. `close` carries its two-byte code and its reason, or nothing. */
export type Message =
  | { kind: 'text'; text: string }
  | { kind: 'ping' | 'pong'; payload: Buffer }
  | { kind: 'close'; code: number | undefined };

/** The other side broke the rules: the line is closed with `code`, and nothing more is read from it. */
export class ProtocolFault extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'ProtocolFault';
    this.code = code;
  }
}

/** More than any event or any answer of a shop needs; a line that says more is cut before it fills the memory. */
export const MESSAGE_BYTES = 4 * 1024 * 1024;
const CONTROL_BYTES = 125;
const KNOWN = new Set<number>(Object.values(OPCODE));

/** One frame from the server: whole and never masked. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length <= CONTROL_BYTES ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (length <= CONTROL_BYTES) head[1] = length;
  else if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

/** The payload of a close frame. */
export function closePayload(code: number, reason = ''): Buffer {
  const payload = Buffer.alloc(2 + Math.min(Buffer.byteLength(reason), CONTROL_BYTES - 2));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2, 'utf8');
  return payload;
}

interface Head {
  final: boolean;
  opcode: number;
  /** Where the payload begins, and how long it is, in bytes. */
  start: number;
  length: number;
}

/** @returns the head of a frame, or how many bytes are needed before it can be read */
function readHead(buffer: Buffer): Head | number {
  if (buffer.length < 2) return 2;
  const first = buffer[0] ?? 0;
  const second = buffer[1] ?? 0;
  const short = second & 0x7f;
  const final = (first & 0x80) !== 0;
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0) throw new ProtocolFault(CLOSE.protocolError, 'a reserved bit is set');
  if (!KNOWN.has(opcode)) throw new ProtocolFault(CLOSE.protocolError, `the opcode ${opcode} is unknown`);
  if ((second & 0x80) === 0) throw new ProtocolFault(CLOSE.protocolError, 'a client masks its frames');
  if (opcode >= OPCODE.close && (!final || short > CONTROL_BYTES)) {
    throw new ProtocolFault(CLOSE.protocolError, 'a control frame is short and whole');
  }
  const start = 6 + (short === 126 ? 2 : short === 127 ? 8 : 0);
  if (buffer.length < start) return start;
  return { final, opcode, start, length: lengthOf(buffer, short) };
}

function lengthOf(buffer: Buffer, short: number): number {
  if (short < 126) return short;
  const length = short === 126 ? BigInt(buffer.readUInt16BE(2)) : buffer.readBigUInt64BE(2);
  if (length < (short === 126 ? 126n : 65_536n)) {
    throw new ProtocolFault(CLOSE.protocolError, 'a length is written in as few bytes as it needs');
  }
  if (length > BigInt(MESSAGE_BYTES)) throw tooBig();
  return Number(length);
}

function tooBig(): ProtocolFault {
  return new ProtocolFault(CLOSE.tooBig, `a message has at most ${MESSAGE_BYTES} bytes`);
}

function unmasked(buffer: Buffer, { start, length }: Head): Buffer {
  const payload = Buffer.from(buffer.subarray(start, start + length));
  const mask = buffer.subarray(start - 4, start);
  for (let i = 0; i < length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return payload;
}

function textOf(payload: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    throw new ProtocolFault(CLOSE.notUtf8, 'text is UTF-8');
  }
}

/** Some codes only stand for what never went over the line (RFC 6455, section 7.4). */
function mayBeSent(code: number): boolean {
  if (code >= 3000) return code < 5000;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

function closeOf(payload: Buffer): Message {
  if (payload.length === 0) return { kind: 'close', code: undefined };
  if (payload.length === 1) throw new ProtocolFault(CLOSE.protocolError, 'a close code has two bytes');
  const code = payload.readUInt16BE(0);
  if (!mayBeSent(code)) throw new ProtocolFault(CLOSE.protocolError, `${code} is no close code`);
  textOf(payload.subarray(2));
  return { kind: 'close', code };
}

/**
 * Puts the bytes of one client together again: frames that come in pieces, messages that come in several frames.
 * @returns takes what has arrived and yields the messages that it completes; throws ProtocolFault for anything that
 * the RFC or the limits forbid, as soon as the head of the frame shows it, and after what was said before it
 */
export function messageReader(): (chunk: Buffer) => Generator<Message, void> {
  let waiting: Buffer[] = [];
  let size = 0;
  let needed = 2;
  let parts: Buffer[] | undefined;
  let partsSize = 0;

  const finish = (head: Head, payload: Buffer): Message | undefined => {
    if (head.opcode === OPCODE.close) return closeOf(payload);
    if (head.opcode === OPCODE.ping) return { kind: 'ping', payload };
    if (head.opcode === OPCODE.pong) return { kind: 'pong', payload };
    if (payload.length > 0) parts?.push(payload);
    if (!head.final) return undefined;
    const text = textOf(Buffer.concat(parts ?? []));
    parts = undefined;
    partsSize = 0;
    return { kind: 'text', text };
  };

  /** Checked before the payload is waited for. */
  const admit = ({ opcode, length }: Head): void => {
    if (opcode === OPCODE.binary) throw new ProtocolFault(CLOSE.unsupported, 'only text is spoken here');
    if (opcode === OPCODE.text && parts) throw new ProtocolFault(CLOSE.protocolError, 'the last message is not over');
    if (opcode === OPCODE.more && !parts)
      throw new ProtocolFault(CLOSE.protocolError, 'there is nothing to go on with');
    if (opcode < OPCODE.close && partsSize + length > MESSAGE_BYTES) throw tooBig();
  };

  return function* (chunk) {
    waiting.push(chunk);
    size += chunk.length;
    // A large frame in many small chunks is joined once, when all of it is there.
    while (size >= needed) {
      const buffer = waiting.length === 1 ? (waiting[0] ?? chunk) : Buffer.concat(waiting);
      const head = readHead(buffer);
      waiting = [buffer];
      if (typeof head === 'number') {
        needed = head;
        continue;
      }
      admit(head);
      needed = head.start + head.length;
      if (size < needed) break;
      if (head.opcode === OPCODE.text) parts = [];
      if (head.opcode < OPCODE.close) partsSize += head.length;
      const message = finish(head, unmasked(buffer, head));
      waiting = [buffer.subarray(needed)];
      size -= needed;
      needed = 2;
      if (message) yield message;
    }
  };
}
