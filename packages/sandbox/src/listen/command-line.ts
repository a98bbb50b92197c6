import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Target, World } from '../store/world.ts';
import { decodeFrame, encodeFrame, OPCODE } from './frames.ts';

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const PROTOCOL = 'stripecli-devproxy-v1';

interface Line {
  world: World;
  socket: Duplex;
  /** Answers that the command line still owes, by conversation. */
  open: Map<string, (outcome: { status: number | null; reply: string }) => void>;
}

/** The official command line has called: shakes hands and makes it a receiver of webhooks until it hangs up. */
export function acceptCommandLine(world: World, incoming: IncomingMessage, socket: Duplex): void {
  const id = String(incoming.headers['websocket-id'] ?? '');
  const key = incoming.headers['sec-websocket-key'];
  const session = world.cliSessions.get(id);
  if (!session || key === undefined || !incoming.url?.startsWith('/ws')) {
    socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
    return;
  }
  const accept = createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n' +
      `sec-websocket-accept: ${accept}\r\nsec-websocket-protocol: ${PROTOCOL}\r\n\r\n`,
  );
  const line: Line = { world, socket, open: new Map() };
  const target: Target = {
    id: `cli:${id}`,
    url: 'http://127.0.0.1/command-line',
    secrets: [session.secret],
    events: ['*'],
    push: (message) => push(line, message),
  };
  world.listeners.set(id, target);
  const hangUp = (): void => {
    world.listeners.delete(id);
    for (const resolve of line.open.values()) resolve({ status: null, reply: 'the command line hung up' });
    line.open.clear();
  };
  socket.on('close', hangUp);
  socket.on('error', (error) => world.log({ what: 'command line lost', error: String(error) }));
  readFrames(line);
}

function readFrames(line: Line): void {
  let waiting: Buffer = Buffer.alloc(0);
  line.socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    for (let next = decodeFrame(waiting); next; next = decodeFrame(waiting)) {
      waiting = next.rest;
      const { opcode, payload } = next.frame;
      if (opcode === OPCODE.ping) line.socket.write(encodeFrame(OPCODE.pong, payload));
      else if (opcode === OPCODE.close) line.socket.end(encodeFrame(OPCODE.close, payload));
      else if (opcode === OPCODE.text) hear(line, payload.toString('utf8'));
    }
  });
}

interface Said {
  type?: string;
  status?: number;
  body?: string;
  webhook_conversation_id?: string;
}

/** The command line says that it got an event, then what the shop answered. */
function hear(line: Line, text: string): void {
  const said = JSON.parse(text) as Said;
  if (said.type !== 'webhook_response') return;
  const id = said.webhook_conversation_id ?? '';
  line.open.get(id)?.({ status: said.status ?? null, reply: said.body ?? '' });
  line.open.delete(id);
}

function push(
  line: Line,
  message: { body: string; headers: Record<string, string> },
): Promise<{ status: number | null; reply: string }> {
  const conversation = line.world.ids.next('wc_', 20);
  const frame = {
    type: 'webhook_event',
    event_payload: message.body,
    http_headers: {
      'Stripe-Signature': message.headers['stripe-signature'],
      'Content-Type': message.headers['content-type'],
      'User-Agent': message.headers['user-agent'],
    },
    webhook_id: line.world.ids.next('wh_', 20),
    webhook_conversation_id: conversation,
    endpoint: { api_version: null },
  };
  return new Promise((resolve) => {
    line.open.set(conversation, resolve);
    line.socket.write(encodeFrame(OPCODE.text, Buffer.from(JSON.stringify(frame))));
  });
}
