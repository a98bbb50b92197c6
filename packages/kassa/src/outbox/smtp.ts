import { createTransport } from 'nodemailer';
import { assertNoTransaction } from '../database/index.ts';
import type { Mailer } from './mailer.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const SILENCE_TIMEOUT_MS = 20_000;
const CONNECTIONS_MAX = 2;

/** One address and nothing else: no list, no name, no line break can pass, whatever a mail library makes of them. */
const ADDRESS = /^[^\s@<>()[\]\\,;:"\p{C}]+@[^\s@<>()[\]\\,;:"\p{C}]+$/u;

/** An address that no mail server can be given. The delivery keeps failing visibly until somebody corrects it. */
export class BadAddress extends Error {
  override readonly name = 'BadAddress';
}

/**
 * Sends through an SMTP server over a small pool of kept connections. `smtps://` speaks TLS from the first byte,
 * `smtp://` upgrades when the server offers it, and must do so before a password leaves this machine.
 * @param url `smtp[s]://user:password@host:port`, already checked by the configuration.
 */
export function smtpMailer(url: string): Mailer {
  const server = new URL(url);
  const secure = server.protocol === 'smtps:';
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(server.hostname);
  const auth =
    server.username === ''
      ? {}
      : { auth: { user: decodeURIComponent(server.username), pass: decodeURIComponent(server.password) } };
  const transport = createTransport({
    host: server.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: server.port === '' ? (secure ? 465 : 587) : Number(server.port),
    secure,
    requireTLS: !secure && server.username !== '' && !loopback,
    tls: { minVersion: 'TLSv1.2' },
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    // A body is text: it never names a file or an address whose content should be fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...auth,
  });
  return {
    async send({ message_id, from, to, subject, text, html, date }) {
      assertNoTransaction();
      for (const address of [to, from.address]) {
        if (!ADDRESS.test(address)) throw new BadAddress('this is not one mail address');
      }
      await transport.sendMail({
        messageId: message_id,
        from: { name: from.name, address: from.address },
        to: { name: '', address: to },
        envelope: { from: from.address, to: [to] },
        subject,
        text,
        html,
        date,
      });
      return 'sent';
    },
    async close() {
      assertNoTransaction();
      transport.close();
    },
  };
}
