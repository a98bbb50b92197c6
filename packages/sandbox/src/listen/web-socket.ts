import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CLOSE, closePayload, encodeFrame, type Message, messageReader, OPCODE, ProtocolFault } from './frames.ts';

/** Fixed by RFC 6455, section 4.2.2: proves that the answering side understood the question. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** What may wait in memory for a client that does not read; beyond it the line is cut. */
const UNREAD_BYTES = 16 * 1024 * 1024;

/** What node:http hands over when somebody asks for another protocol. */
export interface Upgrade {
  incoming: IncomingMessage;
  socket: Duplex;
  /** Bytes that came together with the request. */
  head: Buffer;
}

/** An open line to one client. */
export interface Line {
  say(text: string): void;
  /** Says goodbye and closes. */
  hangUp(code: number, reason: string): void;
}

export interface LineEvents {
  heard(text: string): void;
  /** Called once, whoever ended it. */
  ended(why: string): void;
}

/** Answers an upgrade with an ordinary HTTP error of Stripe's form, which the command line reads. */
export function refuseUpgrade(socket: Duplex, status: string, message: string): void {
  const body = JSON.stringify({ error: { type: 'invalid_request_error', message } });
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `sec-websocket-version: 13\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** @returns what is wrong with the opening handshake of RFC 6455, section 4.2.1, or undefined */
export function handshakeProblem({ method, headers }: IncomingMessage): string | undefined {
  if (method !== 'GET') return 'A WebSocket is opened with GET.';
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'Only the protocol websocket can be upgraded to.';
  if (headers['sec-websocket-version'] !== '13') return 'The sandbox speaks version 13 of the WebSocket protocol.';
  const key = headers['sec-websocket-key'] ?? '';
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) return 'Sec-WebSocket-Key has to be 16 bytes in base64.';
  return undefined;
}

/** Shakes hands and listens. The handshake has been found in order before. */
export function openLine({ incoming, socket, head }: Upgrade, protocol: string, events: LineEvents): Line {
  const { headers } = incoming;
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${ACCEPT_SUFFIX}`).digest('base64');
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const chosen = offered.includes(protocol) ? `sec-websocket-protocol: ${protocol}\r\n` : '';
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n' +
      `sec-websocket-accept: ${accept}\r\n${chosen}\r\n`,
  );
  // Before anybody listens, so that these bytes are heard like all others: later, when the caller has its line.
  if (head.length > 0) socket.unshift(head);
  return listenOn(socket, events);
}

function listenOn(socket: Duplex, events: LineEvents): Line {
  const read = messageReader();
  let open = true;
  const end = (why: string): void => {
    if (!open) return;
    open = false;
    events.ended(why);
  };
  const send = (opcode: number, payload: Buffer): void => {
    if (!open) return;
    socket.write(encodeFrame(opcode, payload));
    if (socket.writableLength > UNREAD_BYTES) socket.destroy();
  };
  const hangUp = (code: number, reason: string): void => {
    if (!open) return;
    // What still comes in is thrown away, so that the goodbye is not lost in a reset.
    socket.end(encodeFrame(OPCODE.close, closePayload(code, reason)));
    end(reason);
  };
  const take = (message: Message): void => {
    if (!open) return;
    if (message.kind === 'text') events.heard(message.text);
    else if (message.kind === 'ping') send(OPCODE.pong, message.payload);
    else if (message.kind === 'close') hangUp(message.code ?? CLOSE.normal, 'the other side hung up');
  };
  socket.on('data', (chunk: Buffer) => {
    if (!open) return;
    try {
      for (const message of read(chunk)) take(message);
    } catch (error) {
      if (!(error instanceof ProtocolFault)) throw error;
      hangUp(error.code, error.message);
    }
  });
  socket.on('end', () => {
    end('the other side hung up');
    socket.end();
  });
  socket.on('close', () => end('the line is gone'));
  socket.on('error', (error) => end(`the line is gone: ${error.message}`));
  return { say: (text) => send(OPCODE.text, Buffer.from(text)), hangUp };
}
