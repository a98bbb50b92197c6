import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Posted {
  readonly headers: IncomingHttpHeaders;
  /** The body as it came over the wire. */
  readonly raw: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface SmsServer {
  readonly url: string;
  readonly received: readonly Posted[];
  /** How the next messages are answered: with a status, or by hanging up, or not at all. */
  answerNext(...answers: (number | 'hang up' | 'silence')[]): void;
  close(): Promise<void>;
}

/** A real provider of short messages behind a real socket: it keeps what it is told and can be told to be unkind. */
export async function startSmsServer(): Promise<SmsServer> {
  const received: Posted[] = [];
  const answers: (number | 'hang up' | 'silence')[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString('utf8');
      received.push({ headers: request.headers, raw, body: JSON.parse(raw) as Posted['body'] });
      const answer = answers.shift() ?? 202;
      if (answer === 'hang up') return void request.socket.destroy();
      if (answer === 'silence') return;
      response.writeHead(answer, { Location: 'http://127.0.0.1:1/elsewhere' }).end('{"queued": true}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/send`,
    received,
    answerNext: (...next) => void answers.push(...next),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** What `v1` must be for these bytes: computed here from the promise of docs/notifications.md, not by our own code. */
export function signatureOf({ headers, raw }: Posted, secret: string): { given: string; wanted: string; t: number } {
  const [, t = '', given = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['kassa-signature'])) ?? [];
  const wanted = createHmac('sha256', secret).update(`${t}.${raw}`).digest('hex');
  return { given, wanted, t: Number(t) };
}
