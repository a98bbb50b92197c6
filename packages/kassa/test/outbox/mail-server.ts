import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';

export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  /** Everything between DATA and the lone dot, as it came over the wire. */
  readonly raw: string;
  /** Header lines with their folds undone. */
  readonly headers: readonly string[];
}

export interface MailServer {
  readonly url: string;
  readonly received: readonly Received[];
  /** What the server answers to the next mails after their last byte, such as `451 try later`; `hang up` says nothing. */
  answerNext(...answers: string[]): void;
  close(): Promise<void>;
}

/** A real SMTP server, as small as the protocol allows: it keeps what it is told and can be told to be unkind. */
export async function startMailServer(): Promise<MailServer> {
  const received: Received[] = [];
  const answers: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    converse(socket, received, answers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answerNext: (...next) => void answers.push(...next),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function converse(socket: Socket, received: Received[], answers: string[]): void {
  let [from, to, text, reading]: [string, string[], string, boolean] = ['', [], '', false];
  const say = (line: string): boolean => socket.write(`${line}\r\n`);
  const take = (line: string): unknown => {
    const [, address = ''] = /<([^>]*)>/.exec(line) ?? [];
    if (/^(EHLO|HELO)/i.test(line)) return say('250 mail.test');
    if (/^MAIL FROM/i.test(line)) [from, to] = [address, []];
    else if (/^RCPT TO/i.test(line)) to.push(address);
    else if (/^DATA/i.test(line)) {
      reading = true;
      return say('354 go on');
    } else if (/^QUIT/i.test(line)) return socket.end('221 bye\r\n');
    return say('250 ok');
  };
  say('220 mail.test');
  socket.on('data', (bytes) => {
    text += bytes.toString('utf8');
    for (;;) {
      const end = text.indexOf(reading ? '\r\n.\r\n' : '\r\n');
      if (end < 0) return;
      const part = text.slice(0, end);
      text = text.slice(end + (reading ? 5 : 2));
      if (!reading) {
        take(part);
        continue;
      }
      reading = false;
      const [head = ''] = part.split('\r\n\r\n', 1);
      received.push({ from, to, raw: part, headers: head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n') });
      const answer = answers.shift() ?? '250 taken';
      if (answer === 'hang up') return void socket.destroy();
      say(answer);
    }
  });
}
