// Goal: whatever a client sends is either read exactly as RFC 6455 has it or ends the line with the right code.
// Method: frames made here by hand, cut at every place; seeded random messages in random pieces.

import '../report/kept-fresh.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  CLOSE,
  closePayload,
  encodeFrame,
  MESSAGE_BYTES,
  type Message,
  messageReader,
  OPCODE,
} from '../../src/listen/frames.ts';

interface FrameOptions {
  final?: boolean;
  masked?: boolean;
  reserved?: number;
  /** Writes the length in 2 or 8 bytes although it needs fewer. */
  lengthBytes?: 0 | 2 | 8;
  /** Claims this length, whatever follows. */
  claims?: bigint;
}

/** A frame as a client sends it: masked, unless told otherwise. */
function fromClient(opcode: number, payload: Buffer | string, options: FrameOptions = {}): Buffer {
  const { final = true, masked = true, reserved = 0, claims } = options;
  const bytes = Buffer.from(payload);
  const length = claims ?? BigInt(bytes.length);
  const lengthBytes = options.lengthBytes ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8);
  const short = lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127;
  const long = Buffer.alloc(lengthBytes);
  if (lengthBytes === 2) long.writeUInt16BE(Number(length));
  if (lengthBytes === 8) long.writeBigUInt64BE(length);
  const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
  const head = Buffer.from([(final ? 0x80 : 0) | (reserved << 4) | opcode, (masked ? 0x80 : 0) | short]);
  const body = masked ? bytes.map((byte, index) => byte ^ (mask[index % 4] ?? 0)) : bytes;
  return Buffer.concat([head, long, ...(masked ? [mask] : []), body]);
}

function readAll(...chunks: Buffer[]): Message[] {
  const read = messageReader();
  return chunks.flatMap((chunk) => [...read(chunk)]);
}

test('the example of the RFC says Hello', () => {
  const masked = Buffer.from('818537fa213d7f9f4d5158', 'hex');
  expect(readAll(masked)).toEqual([{ kind: 'text', text: 'Hello' }]);
  expect(encodeFrame(OPCODE.text, Buffer.from('Hello')).toString('hex')).toBe('810548656c6c6f');
  const fragments = [fromClient(OPCODE.text, 'Hel', { final: false }), fromClient(OPCODE.more, 'lo')];
  expect(readAll(...fragments)).toEqual([{ kind: 'text', text: 'Hello' }]);
});

test.each([0, 1, 125, 126, 127, 65_535, 65_536, 70_000])('a message of %i bytes keeps its length', (length) => {
  const text = 'x'.repeat(length);
  expect(readAll(fromClient(OPCODE.text, text))).toEqual([{ kind: 'text', text }]);
  const frame = encodeFrame(OPCODE.text, Buffer.from(text));
  expect(frame.length).toBe(length + (length < 126 ? 2 : length < 65_536 ? 4 : 10));
});

test('a ping between two pieces of a message is answered before the message is whole', () => {
  const messages = readAll(
    fromClient(OPCODE.text, 'good ', { final: false }),
    fromClient(OPCODE.ping, 'are you there?'),
    fromClient(OPCODE.more, '', { final: false }),
    fromClient(OPCODE.more, 'morning'),
  );
  expect(messages).toEqual([
    { kind: 'ping', payload: Buffer.from('are you there?') },
    { kind: 'text', text: 'good morning' },
  ]);
});

test('a letter cut in two by its pieces is whole again', () => {
  const [first, second] = [Buffer.from([0xe2, 0x82]), Buffer.from([0xac])];
  const pieces = [fromClient(OPCODE.text, first, { final: false }), fromClient(OPCODE.more, second)];
  expect(readAll(...pieces)).toEqual([{ kind: 'text', text: '€' }]);
});

test('however the bytes are cut on their way, the same messages arrive', () => {
  const text = fc.string({ unit: 'binary', maxLength: 400 });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), fc.array(fc.nat({ max: 90 })), (texts, cuts) => {
      const stream = Buffer.concat(texts.map((said) => fromClient(OPCODE.text, said)));
      const chunks: Buffer[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = (cuts[turn % Math.max(cuts.length, 1)] ?? 0) + 1;
        chunks.push(stream.subarray(at, at + size));
        at += size;
      }
      expect(readAll(...chunks)).toEqual(texts.map((said) => ({ kind: 'text', text: said })));
    }),
  );
});

test('what was said before a rude frame is still heard', () => {
  const read = messageReader()(Buffer.concat([fromClient(OPCODE.text, 'Hello'), fromClient(3, 'x')]));
  expect(read.next().value).toEqual({ kind: 'text', text: 'Hello' });
  expect(() => read.next()).toThrow('opcode');
});

test('a close frame brings its code', () => {
  expect(readAll(fromClient(OPCODE.close, ''))).toEqual([{ kind: 'close', code: undefined }]);
  expect(readAll(fromClient(OPCODE.close, closePayload(1001, 'bye')))).toEqual([{ kind: 'close', code: 1001 }]);
  expect(closePayload(1002, 'x'.repeat(500))).toHaveLength(125);
});

const refused: [string, number, Buffer[]][] = [
  ['a frame without a mask', CLOSE.protocolError, [fromClient(OPCODE.text, 'x', { masked: false })]],
  ['a reserved bit', CLOSE.protocolError, [fromClient(OPCODE.text, 'x', { reserved: 4 })]],
  ['an unknown opcode', CLOSE.protocolError, [fromClient(3, 'x')]],
  ['an unknown control opcode', CLOSE.protocolError, [fromClient(11, 'x')]],
  ['a ping in pieces', CLOSE.protocolError, [fromClient(OPCODE.ping, 'x', { final: false })]],
  ['a ping of 126 bytes', CLOSE.protocolError, [fromClient(OPCODE.ping, 'x'.repeat(126))]],
  ['a piece that continues nothing', CLOSE.protocolError, [fromClient(OPCODE.more, 'x')]],
  [
    'a message inside a message',
    CLOSE.protocolError,
    [fromClient(OPCODE.text, 'a', { final: false }), fromClient(OPCODE.text, 'b')],
  ],
  ['a length with more bytes than it needs', CLOSE.protocolError, [fromClient(OPCODE.text, 'x', { lengthBytes: 2 })]],
  [
    'a long length of a short text',
    CLOSE.protocolError,
    [fromClient(OPCODE.text, 'x'.repeat(200), { lengthBytes: 8 })],
  ],
  ['a close code of one byte', CLOSE.protocolError, [fromClient(OPCODE.close, 'x')]],
  ['a close code that is never sent', CLOSE.protocolError, [fromClient(OPCODE.close, closePayload(1006))]],
  ['bytes that are no UTF-8', CLOSE.notUtf8, [fromClient(OPCODE.text, Buffer.from([0xc3, 0x28]))]],
  ['binary', CLOSE.unsupported, [fromClient(OPCODE.binary, 'x')]],
  ['a length beyond the limit', CLOSE.tooBig, [fromClient(OPCODE.text, '', { claims: BigInt(MESSAGE_BYTES) + 1n })]],
  ['the largest length there is', CLOSE.tooBig, [fromClient(OPCODE.text, '', { claims: 2n ** 64n - 1n })]],
];

test.each(refused)('%s ends the line with %i', (_, code, chunks) => {
  expect(() => readAll(...chunks)).toThrow(expect.objectContaining({ name: 'ProtocolFault', code }));
});

test('many small pieces add up to the limit and not beyond', () => {
  const piece = 'x'.repeat(65_536);
  const reader = messageReader();
  const read = (frame: Buffer): Message[] => [...reader(frame)];
  read(fromClient(OPCODE.text, piece, { final: false }));
  for (let sent = 2 * piece.length; sent <= MESSAGE_BYTES; sent += piece.length) {
    read(fromClient(OPCODE.more, piece, { final: false }));
  }
  expect(() => read(fromClient(OPCODE.more, 'x'))).toThrow(expect.objectContaining({ code: CLOSE.tooBig }));
});

test('bytes without sense never do anything but end the line', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        readAll(Buffer.from(bytes));
      } catch (error) {
        expect(error).toMatchObject({ name: 'ProtocolFault' });
      }
    }),
  );
});
