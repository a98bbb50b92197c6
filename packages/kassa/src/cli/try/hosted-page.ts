import type { Http } from '../../kernel/http.ts';

/** What a person types on the payment page. The card is Stripe's well-known test number. */
export interface Typed {
  readonly email: string;
  readonly name: string;
  readonly card_number: string;
  readonly card_expiry: string;
  readonly card_cvc: string;
}

/** The payment page in the hands of a buyer without script: fields as they stand, where they go, and the cookies. */
export interface OpenedPage {
  readonly status: number;
  readonly url: URL;
  readonly fields: URLSearchParams;
  readonly action: URL;
  readonly cookie: string;
}

/** Opens the page as a browser does. @throws Error when it holds no form to pay with. */
export async function openPage(http: Http, address: string): Promise<OpenedPage> {
  const url = new URL(address);
  const answer = await http(new Request(url, { headers: { Accept: 'text/html' } }));
  const page = await answer.text();
  const form = /<form\b[^>]*\bid="pay"[^>]*>([\s\S]*?)<\/form>/.exec(page);
  const [opening = '', inside = ''] = form ? [form[0].slice(0, form[0].indexOf('>') + 1), form[1]] : [];
  const action = attributesOf(opening).action;
  if (action === undefined) throw new Error(`the payment page answered ${answer.status} and holds no form to pay with`);
  const cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
  return { status: answer.status, url, fields: fieldsIn(inside), action: new URL(action, url), cookie };
}

/** Sends the form with what was typed, as pressing the button does. Answers where the browser is sent next. */
export async function payOn(http: Http, page: OpenedPage, typed: Typed): Promise<{ status: number; next: URL | null }> {
  const body = new URLSearchParams(page.fields);
  for (const [name, value] of Object.entries(typed)) body.set(name, value);
  body.set('outcome', 'card');
  body.set('intent', 'pay');
  const headers = {
    Origin: page.url.origin,
    Referer: page.url.href,
    'Content-Type': 'application/x-www-form-urlencoded',
    ...(page.cookie === '' ? {} : { Cookie: page.cookie }),
  };
  const answer = await http(new Request(page.action, { method: 'POST', headers, body: body.toString() }));
  await answer.body?.cancel();
  return { status: answer.status, next: nextOf(answer, page.action) };
}

/** Follows one redirect by hand. */
export async function goTo(http: Http, url: URL): Promise<{ status: number; next: URL | null }> {
  const answer = await http(new Request(url));
  await answer.body?.cancel();
  return { status: answer.status, next: nextOf(answer, url) };
}

function nextOf(answer: Response, from: URL): URL | null {
  const location = answer.headers.get('location');
  return location === null ? null : new URL(location, from);
}

/** The fields that a browser would send: typed and hidden ones, the checked choices, the chosen options. */
function fieldsIn(form: string): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [tag] of form.matchAll(/<input\b[^>]*>/g)) {
    const { name, value = '', type = 'text', checked } = attributesOf(tag);
    if (name === undefined || ['submit', 'button'].includes(type)) continue;
    if ((type === 'radio' || type === 'checkbox') && checked === undefined) continue;
    fields.append(name, value);
  }
  for (const [, opening = '', options = ''] of form.matchAll(/(<select\b[^>]*>)([\s\S]*?)<\/select>/g)) {
    const { name } = attributesOf(opening);
    const all = [...options.matchAll(/<option\b[^>]*>/g)].map(([tag]) => attributesOf(tag));
    const chosen = all.find(({ selected }) => selected !== undefined) ?? all[0];
    if (name !== undefined && chosen?.value !== undefined) fields.append(name, chosen.value);
  }
  return fields;
}

const SIGNS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function attributesOf(tag: string): Record<string, string | undefined> {
  const found: Record<string, string | undefined> = Object.create(null);
  for (const [, name = '', quoted = ''] of tag.matchAll(/\s([a-z_-]+)(?:="([^"]*)")?/gi)) {
    found[name.toLowerCase()] ??= quoted.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, sign: string) => SIGNS[sign] ?? '');
  }
  return found;
}
