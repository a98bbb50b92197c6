import { recordLateAnswer } from '../delivery/attempts.ts';
import type { Incoming } from '../http/call.ts';
import type { Reply } from '../http/reply.ts';
import { isLoopbackHost } from '../kernel/loopback.ts';
import { API_VERSION } from '../kernel/options.ts';
import type { CommandLineSession, Outcome, Pushed, Target, World } from '../store/world.ts';
import { CLOSE } from './frames.ts';
import { loggedCall, passes } from './request-log.ts';
import { handshakeProblem, type Line, openLine, refuseUpgrade, type Upgrade } from './web-socket.ts';

const PROTOCOL = 'stripecli-devproxy-v1';
/** The command line asks for a new session when it reads exactly this sentence, for example after a restart. */
const UNKNOWN_ID = 'Unknown WebSocket ID.';
/** Conversations whose answer is waited for. A command line that filters events never answers the others. */
const CONVERSATIONS = 1000;

/** Is the request from a program on this machine? Programs send no Origin; pages in a browser always do. */
function isProgram({ incoming }: Upgrade): boolean {
  const { host, origin } = incoming.headers;
  return origin === undefined && isLoopbackHost(host);
}

/**
 * The official command line dials. Shakes hands, then sends it what its session is for until it hangs up:
 * webhooks (`listen`) or answered calls (`logs tail`).
 * @returns ends the line; undefined when the call was refused
 */
export function acceptCommandLine(world: World, upgrade: Upgrade): (() => void) | undefined {
  const { incoming, socket } = upgrade;
  const refuse = (status: string, message: string): undefined => refuseUpgrade(socket, status, message) as undefined;
  if (!isProgram(upgrade)) return refuse('403 Forbidden', 'Only programs on this machine may listen.');
  if (incoming.url?.split('?')[0] !== '/ws') return refuse('404 Not Found', 'The command line dials /ws.');
  const id = String(incoming.headers['websocket-id'] ?? '');
  const session = world.cliSessions.get(id);
  if (!session) return refuse('401 Unauthorized', UNKNOWN_ID);
  const problem = handshakeProblem(incoming);
  if (problem !== undefined) return refuse('426 Upgrade Required', problem);
  const line =
    session.feature === 'webhooks' ? sendEvents(world, upgrade, id, session) : sendCalls(world, upgrade, session);
  return () => line.hangUp(CLOSE.goingAway, 'the sandbox stops');
}

function sendCalls(world: World, upgrade: Upgrade, session: CommandLineSession): Line {
  const line = openLine(upgrade, PROTOCOL, {
    heard: () => undefined,
    ended: () => void world.watchers.delete(watch),
  });
  const watch = (incoming: Incoming, reply: Reply): void => {
    const call = loggedCall(incoming, reply, Math.floor(world.clock.now() / 1000));
    if (!passes(call, session.filters)) return;
    const event_payload = JSON.stringify(call);
    line.say(JSON.stringify({ type: 'request_log_event', event_payload, request_log_id: `resp_${call.request_id}` }));
  };
  world.watchers.add(watch);
  return line;
}

interface Conversation {
  delivery: Pushed['delivery'];
  /** The command line has it, or never will. */
  settle(outcome: Outcome): void;
}

function sendEvents(world: World, upgrade: Upgrade, id: string, session: CommandLineSession): Line {
  const open = new Map<string, Conversation>();
  const gone: Outcome = { status: null, reply: 'the command line hung up' };
  const line = openLine(upgrade, PROTOCOL, {
    heard: (text) => hear(world, open, text),
    ended: (why) => {
      // After a reconnection the same session has a newer line, which stays.
      if (world.listeners.get(id) === target) world.listeners.delete(id);
      for (const conversation of open.values()) conversation.settle(gone);
      open.clear();
      world.log({ what: 'command line gone', why });
    },
  });
  const target: Target = {
    id: `cli:${id}`,
    account: session.account,
    url: 'http://127.0.0.1/command-line',
    secretsAt: () => [session.secret],
    events: ['*'],
    push: (pushed) => push(world, line, open, pushed),
  };
  world.listeners.set(id, target);
  return line;
}

/** Resolves when the command line has the event, which it says before it asks the shop. */
function push(world: World, line: Line, open: Map<string, Conversation>, pushed: Pushed): Promise<Outcome> {
  return new Promise((settle) => {
    const conversation = world.ids.next('wc_', 20);
    open.set(conversation, { delivery: pushed.delivery, settle });
    const [oldest] = open.entries();
    if (open.size > CONVERSATIONS && oldest) {
      oldest[1].settle({ status: null, reply: 'the command line did not answer' });
      open.delete(oldest[0]);
    }
    const { body, headers } = pushed;
    const frame = {
      type: 'webhook_event',
      event_payload: body,
      http_headers: {
        'Stripe-Signature': headers['stripe-signature'],
        'Content-Type': headers['content-type'],
        'User-Agent': headers['user-agent'],
      },
      webhook_id: world.ids.next('wh_', 20),
      webhook_conversation_id: conversation,
    };
    // The tool prints one of the two: without `--latest` events of the default version, with it those of the newest.
    for (const api_version of [null, API_VERSION]) line.say(JSON.stringify({ ...frame, endpoint: { api_version } }));
  });
}

interface Said {
  type?: unknown;
  status?: unknown;
  body?: unknown;
  webhook_conversation_id?: unknown;
}

/** First `event_ack`: the command line has the event. Then `webhook_response`: what the shop answered, if it was asked. */
function hear(world: World, open: Map<string, Conversation>, text: string): void {
  const said = readSaid(world, text);
  const id = typeof said?.webhook_conversation_id === 'string' ? said.webhook_conversation_id : '';
  const conversation = open.get(id);
  if (!said || !conversation) return;
  if (said.type === 'event_ack') conversation.settle({ status: 200, reply: 'the command line has it' });
  if (said.type !== 'webhook_response') return;
  const status = typeof said.status === 'number' ? said.status : null;
  const outcome = { status, reply: typeof said.body === 'string' ? said.body : '' };
  conversation.settle({ status: 200, reply: 'the command line has it' });
  recordLateAnswer(world, conversation.delivery, outcome);
}

function readSaid(world: World, text: string): Said | undefined {
  try {
    const said: unknown = JSON.parse(text);
    return said !== null && typeof said === 'object' ? said : undefined;
  } catch (error) {
    world.log({ what: 'the command line said something that is no JSON', error: String(error) });
    return undefined;
  }
}
