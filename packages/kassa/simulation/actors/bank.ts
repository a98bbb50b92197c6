import { type Dice, diceOf } from '../engine/dice.ts';
import { newLife } from '../engine/lives.ts';
import { chargesOfOrders, type Street } from './asking.ts';

type BankWorld = Pick<Street, 'seed' | 'scheduler' | 'sandbox' | 'evidence' | 'touched' | 'tell' | 'count'>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** What becomes of a dispute; null: nobody answers, and it ends by its date. */
const ENDS = ['won', 'won', 'lost', 'under_review', null] as const;
const ENDS_OF_QUESTIONS = ['warning_closed', 'warning_under_review', null] as const;

/** The banks of buyers: each asks money back, or asks a question, and decides hours or days later. */
export function sendBanks(world: BankWorld, times: number): void {
  const { scheduler } = world;
  for (let number = 1; number <= times; number += 1) {
    const dice = diceOf(`${world.seed}/bank ${number}`);
    scheduler.spawn(newLife('bank'), 'works', async () => {
      await scheduler.sleep(dice.between(1, 30) * MINUTE);
      const dispute = await ask(world, dice);
      if (dispute === undefined) return;
      const { id, inquiry } = dispute;
      for (let step = 0; step < 2; step += 1) {
        await scheduler.sleep(dice.pick([MINUTE, 40 * MINUTE, 50 * HOUR]));
        const end = dice.pick<string | null>(inquiry ? ENDS_OF_QUESTIONS : ENDS);
        if (end === null) continue;
        const moved = await act(world, `moves ${id} to ${end}`, () => decide(world, id, end));
        if (moved !== undefined) world.count('dispute_decided', id);
      }
    });
  }
}

async function ask(world: BankWorld, dice: Dice): Promise<{ id: string; inquiry: boolean } | undefined> {
  const { sandbox, scheduler } = world;
  await scheduler.point('at a bank');
  const open = chargesOfOrders(world).filter((charge) => charge.captured > 0 && charge.disputed === 0);
  if (open.length === 0) return undefined;
  const { charge, captured } = dice.pick(open);
  const inquiry = dice.chance(0.25);
  // Some ask for all of it although a part went back before, some for a part alone.
  const amount = dice.chance(0.6)
    ? {}
    : { amount: dice.chance(0.5) ? captured : Math.max(1, Math.floor(captured / 2)) };
  const facts = { reason: 'fraudulent', inquiry, fee: dice.pick([0, 1_500]), ...amount };
  const made = await act(world, `disputes ${charge}`, () => sandbox.control.openDispute(charge, facts));
  if (made) world.count('dispute_opened', made.id);
  return made && { id: made.id, inquiry };
}

type Status = Parameters<Street['sandbox']['control']['moveDispute']>[1];

function decide({ sandbox }: BankWorld, id: string, status: string): Promise<unknown> {
  return sandbox.control.moveDispute(id, status as Status);
}

async function act<Answer>(world: BankWorld, what: string, work: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    const answer = await work();
    world.tell('bank', what);
    return answer;
  } catch (error) {
    // Another dispute of the same charge, one that is over, or a charge that went back meanwhile.
    if ((error as Error).name !== 'ApiFailure') throw error;
    world.tell('bank', `${what}: too late`);
    return undefined;
  } finally {
    world.touched();
  }
}
