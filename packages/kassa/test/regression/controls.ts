import { CONTROLS, type Edit } from '../../simulation/controls/defects.ts';

/** The mistake behind an incident: with it in the source, the test of the incident has to fail. */
export interface IncidentControl {
  readonly mistake: string;
  readonly edits: readonly Edit[];
  /** Takes away the constraint that catches the mistake before anybody notices. */
  readonly ddl?: readonly string[];
}

/** One that the simulation looks for too. */
function known(name: string): IncidentControl {
  const control = CONTROLS.find((one) => one.name === name);
  if (!control) throw new Error(`there is no control ${name}`);
  return { mistake: control.mistake, edits: control.edits };
}

const DECIDE = 'flows/settling/decide.ts';

const NOTHING_BACK: IncidentControl = {
  mistake: 'late money neither takes its seats again nor goes back',
  edits: [
    {
      file: DECIDE,
      from: "  return { refund: giveBack(amount_minor, 'too_late'), review: null };",
      to: '  return amount_minor < 0 ? null : { refund: null, review: null };',
    },
  ],
};

/** By the number of the incident. */
export const INCIDENTS: Readonly<Record<string, IncidentControl>> = {
  I1: known('N1'),
  I2: known('N26'),
  I3: known('N8'),
  I4: known('N11'),
  I5: known('N6'),
  I6: known('N1'),
  I7: known('N58'),
  I8: NOTHING_BACK,
  I9: known('N21'),
  I10: {
    mistake: 'late money is taken as if its seats still stood aside',
    edits: [
      {
        file: DECIDE,
        from: '  if (!isOpen(order.status) || wasLetGo(snapshot.aside)) {',
        to: '  if (order.version < 0) {',
      },
    ],
  },
  I11: known('N22'),
  I12: known('N23'),
  I13: known('N31'),
  I14: { ...known('N7'), ddl: ['alter table kassa.inbox_events drop constraint inbox_events_pkey'] },
  I15: known('N60'),
  I16: {
    mistake: 'a second payment for one order is kept in silence',
    edits: [
      {
        file: DECIDE,
        from: '  if (spare) return { ...unowned, ...secondPayment(snapshot, received_minor) };',
        to: '  if (spare) return unowned;',
      },
    ],
  },
  I17: known('N4'),
  I18: known('N27'),
  I19: known('N33'),
  I20: {
    mistake: 'the key of a refund is not looked up',
    edits: [
      {
        file: 'flows/refunds/refund-order.ts',
        from: '  const claimed = key && (await claimRefund(house, tx, key));',
        to: '  const claimed = key && key.key === undefined ? await claimRefund(house, tx, key) : undefined;',
      },
    ],
  },
  I21: known('N12'),
  I22: {
    mistake: 'each try of one refund carries a key of its own',
    edits: [
      {
        file: 'flows/refunds/send-refund.ts',
        from: '    const report = await house.gateway.createRefund(stored, key);',
        to: '    const report = await house.gateway.createRefund(stored, `kassa:${house.ids.uuid()}`);',
      },
    ],
  },
  I23: {
    mistake: 'a refund that failed still counts',
    edits: [
      {
        file: 'flows/refunding/plan.ts',
        from: '  const amount_minor = Math.max(0, received_minor - refunding_minor - lost_minor);',
        to:
          "  const failed = scene.refunds.filter(({ status }) => status === 'failed');\n" +
          '  const gone_minor = failed.reduce((sum, one) => sum + one.amount_minor, 0);\n' +
          '  const amount_minor = Math.max(0, received_minor - refunding_minor - lost_minor - gone_minor);',
      },
    ],
  },
  I24: {
    mistake: 'to cancel what was paid sends the money back',
    edits: [
      {
        file: 'flows/payments/cancel-payment.ts',
        from: '  if (isSettled(attempt.payment_status)) {\n',
        to:
          '  if (isSettled(attempt.payment_status)) {\n' +
          '    const { received_minor: amount_minor, id: refund_id } = attempt;\n' +
          '    const sent = { payment_id: wanted.payment_id, amount_minor, reason: null, refund_id };\n' +
          '    await house.gateway.createRefund(house.gateway.composeRefund(sent), `kassa:${refund_id}:cancel`);\n',
      },
    ],
  },
  I25: known('N9'),
  I26: {
    mistake: 'late money never finds its seats, even when they are free',
    edits: [
      {
        file: DECIDE,
        from: "  if (snapshot.when_late === 'rehold-or-refund' && canTakeAgain(snapshot.aside)) return null;\n",
        to: '',
      },
    ],
  },
  I27: {
    mistake: 'nobody is told that events stopped',
    edits: [
      {
        file: 'flows/proof/fetch-events.ts',
        from: '  await tellOperations(house, silent ? since : null);\n',
        to: '',
      },
    ],
  },
  I28: known('N14'),
  I29: known('N13'),
  I30: {
    mistake: 'the version of an event is not compared',
    edits: [
      {
        file: 'inbox/heard.ts',
        from: '  return event.api_version === house.gateway.api_version;',
        to: '  return event.api_version !== null && house.gateway.api_version !== null;',
      },
    ],
  },
  I31: {
    mistake: 'nobody asks whether an event is of the test mode',
    edits: [
      {
        file: 'inbox/receive.ts',
        from: '  return event.account === OWN_ACCOUNT && event.mode === house.shop.mode;',
        to: '  return event.account === OWN_ACCOUNT && house.shop.mode !== null;',
      },
    ],
  },
  I32: {
    mistake: 'the workflow of an appointment is not among the messages of its order',
    edits: [
      {
        file: 'flows/settle.ts',
        from: "  if (decision.aside === 'sold') await announceTimes(house, tx, work, version);\n",
        to: '',
      },
    ],
  },
  I33: {
    mistake: 'the amount that came is not compared with that of the order',
    edits: [
      {
        file: DECIDE,
        from: '  if (received_minor !== snapshot.attempt.amount || report.currency !== snapshot.attempt.currency) {',
        to: '  if (report.currency !== snapshot.attempt.currency) {',
      },
    ],
  },
};

/** The file of an incident begins with this. */
export const fileOf = (incident: string): string => `i${incident.slice(1).padStart(2, '0')}-`;
