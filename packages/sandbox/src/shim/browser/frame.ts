// An element is an iframe of the sandbox's own origin: the shop's page never sees what is typed into it. The two talk
// through a private channel, opened when the frame has loaded.
import type { StripeError } from '@stripe/stripe-js';

/** What a frame tells about itself. */
export type FrameEvent =
  | { type: 'ready' | 'focus' | 'blur' | 'escape' | 'pressed' }
  | { type: 'change'; complete: boolean; empty: boolean; value: Record<string, unknown>; error?: StripeError }
  | { type: 'height'; height: number };

export type FrameOrder =
  | { type: 'do'; what: 'focus' | 'blur' | 'clear' }
  | { type: 'look'; variables: Record<string, string> }
  | { type: 'fill'; values: Record<string, string> };

export type FrameQuestion = 'validate' | 'method' | 'token';
export type FrameAnswer =
  | { value: Record<string, unknown>; error?: undefined }
  | { value?: undefined; error: StripeError };

export interface Frame {
  node: HTMLIFrameElement;
  order(order: FrameOrder): void;
  ask(question: FrameQuestion, params?: Record<string, unknown>): Promise<FrameAnswer>;
}

export interface FrameOptions {
  base: string;
  kind: string;
  query: Record<string, string>;
  title: string;
  hear(event: FrameEvent): void;
}

/** Makes the iframe; it starts to load when it is put into the page. */
export function openFrame({ base, kind, query, title, hear }: FrameOptions): Frame {
  const node = document.createElement('iframe');
  node.src = `${base}/_client/frame?${new URLSearchParams({ kind, ...query })}`;
  node.title = title;
  node.allow = 'payment *';
  Object.assign(node.style, { width: '100%', border: '0', display: 'block', height: '44px' });
  let port: MessagePort | null = null;
  let tickets = 0;
  const waiting: unknown[] = [];
  const open = new Map<number, (answer: FrameAnswer) => void>();
  const send = (message: unknown): void => {
    if (port) port.postMessage(message);
    else waiting.push(message);
  };
  const receive = (message: FrameEvent | { type: 'answer'; ticket: number; answer: FrameAnswer }): void => {
    if (message.type === 'answer') {
      open.get(message.ticket)?.(message.answer);
      open.delete(message.ticket);
      return;
    }
    if (message.type === 'height') node.style.height = `${message.height}px`;
    else hear(message);
  };
  node.addEventListener('load', () => {
    const channel = new MessageChannel();
    channel.port1.onmessage = (event) => receive(event.data);
    node.contentWindow?.postMessage({ source: 'kassa-sandbox', event: 'connect' }, base, [channel.port2]);
    port = channel.port1;
    for (const message of waiting.splice(0)) port.postMessage(message);
  });
  return {
    node,
    order: send,
    ask: (question, params = {}) =>
      new Promise((resolve) => {
        tickets += 1;
        open.set(tickets, resolve);
        send({ type: 'ask', ticket: tickets, question, params });
      }),
  };
}
