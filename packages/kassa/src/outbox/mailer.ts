import { assertNoTransaction } from '../database/index.ts';

/** One mail on its way out. Addresses are bare (`ann@example.com`); names stand beside them, never inside. */
export interface Mail {
  /** Stays the same however often the mail is tried, so that whoever receives it twice can tell. */
  readonly message_id: string;
  readonly from: { readonly name: string; readonly address: string };
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly date: Date;
}

/** The way mail leaves the house. */
export interface Mailer {
  /** `sent`: a mail server has taken it. `caught`: it stays in the inbox page. @throws Error when neither is certain. */
  send(mail: Mail): Promise<'sent' | 'caught'>;
  close(): Promise<void>;
}

/** Keeps every mail at home: without an SMTP server nothing leaves, and the inbox page shows what would have. */
export function catchingMailer(): Mailer {
  return {
    async send() {
      assertNoTransaction();
      return 'caught';
    },
    async close() {
      assertNoTransaction();
    },
  };
}

/** Through this server; without one mail is caught. The library for mail is read only by a shop that sends some. */
export async function openMailer(smtp_url: string | null): Promise<Mailer> {
  if (smtp_url === null) return catchingMailer();
  const { smtpMailer } = await import('./smtp.ts');
  return smtpMailer(smtp_url);
}
