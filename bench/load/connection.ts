import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly retry_after: boolean;
  readonly body: () => string;
  /** Of the first header of this name. */
  readonly header: (name: string) => string | undefined;
}

/** One keep-alive connection that sends ready bytes and reads whole answers, one at a time. */
export interface Connection {
  /** @throws Error when the connection breaks, or nothing is answered in time; the next request opens another one. */
  send(bytes: Buffer): Promise<Answer>;
  close(): void;
}

interface Waiting {
  readonly done: (answer: Answer) => void;
  readonly failed: (error: Error) => void;
}

const EMPTY = Buffer.alloc(0);
const HEAD_END = Buffer.from('\r\n\r\n');

/** Opens nothing before the first request. Understands what the servers of this bench send: a length, or chunks. */
export function connection(port: number, patience_ms: number): Connection {
  let socket: Socket | undefined;
  let pending: Buffer = EMPTY;
  let waiting: Waiting | undefined;
  const settle = (how: (one: Waiting) => void): void => {
    const one = waiting;
    waiting = undefined;
    if (one) how(one);
  };
  const take = (chunk: Buffer): void => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    const read = readAnswer(pending);
    if (!read) return;
    pending = pending.subarray(read.ends);
    settle(({ done }) => done(read.answer));
  };
  const open = (): Socket => {
    const opened = connect({ host: '127.0.0.1', port, noDelay: true });
    const broken = (error: Error): void => {
      if (socket === opened) socket = undefined;
      pending = EMPTY;
      opened.destroy();
      settle(({ failed }) => failed(error));
    };
    opened.setTimeout(patience_ms, () => broken(new Error('no answer in time')));
    opened.on('error', broken);
    opened.on('close', () => broken(new Error('the connection was closed')));
    opened.on('data', take);
    return opened;
  };
  return {
    send(bytes) {
      socket ??= open();
      const current = socket;
      return new Promise((done, failed) => {
        waiting = { done, failed };
        current.write(bytes);
      });
    },
    close() {
      socket?.destroy();
      socket = undefined;
    },
  };
}

/** The answer at the head of what has come in, and where it ends; undefined while some of it is missing. */
function readAnswer(bytes: Buffer): { readonly answer: Answer; readonly ends: number } | undefined {
  const head_end = bytes.indexOf(HEAD_END);
  if (head_end < 0) return undefined;
  const head = bytes.toString('latin1', 0, head_end);
  const begins = head_end + HEAD_END.length;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  const ends = length ? begins + Number(length[1]) : endOfChunks(bytes, begins);
  if (ends < 0 || bytes.length < ends) return undefined;
  const body = bytes.subarray(begins, ends);
  const status = Number(head.slice(9, 12));
  const header = (name: string): string | undefined => new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1];
  const retry_after = /\r\nretry-after:/i.test(head);
  return { answer: { status, retry_after, body: () => body.toString('utf8'), header }, ends };
}

/** Where a chunked body ends, or -1 while it has not. */
function endOfChunks(bytes: Buffer, begins: number): number {
  for (let at = begins; ; ) {
    const line_end = bytes.indexOf('\r\n', at);
    if (line_end < 0) return -1;
    const size = Number.parseInt(bytes.toString('latin1', at, line_end), 16);
    at = line_end + 2 + size + 2;
    if (at > bytes.length) return -1;
    if (size === 0) return at;
  }
}
