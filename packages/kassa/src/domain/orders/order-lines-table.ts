import { type Database, insertion, sql, type Transaction, writeRows } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';

export interface OrderLine {
  readonly id: string;
  readonly order_id: string;
  readonly position: number;
  /** The package that the line is a part of. */
  readonly parent_line_id: string | null;
  readonly offer_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly quantity: number;
  readonly unit_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  readonly total_minor: number;
}

const LINE_COLUMNS = [
  'id',
  'order_id',
  'position',
  'parent_line_id',
  'offer_id',
  'name',
  'description',
  'quantity',
  'unit_minor',
  'discount_minor',
  'tax_minor',
  'total_minor',
] as const;

/** A line of a new order, as its quote has it. */
export interface NewOrderLine {
  /** The place of the package that the line is a part of; it comes before. */
  readonly parent: number | null;
  readonly offer_id: string;
  readonly offer_version: number;
  readonly name: string;
  readonly description: string | null;
  readonly quantity: number;
  readonly unit_minor: number;
  readonly subtotal_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  readonly total_minor: number;
}

type LineRow = Omit<NewOrderLine, 'parent'> & Pick<OrderLine, 'id' | 'order_id' | 'position' | 'parent_line_id'>;

const INSERT_LINES = insertion<LineRow>('order_lines', {
  uuid: ['id', 'order_id', 'parent_line_id', 'offer_id'],
  int: ['position', 'offer_version', 'quantity'],
  text: ['name', 'description'],
  bigint: ['unit_minor', 'subtotal_minor', 'discount_minor', 'tax_minor', 'total_minor'],
});

/** Writes the lines of a new order and answers their ids, in their order. */
export async function insertLines(
  tx: Transaction,
  order_id: string,
  lines: readonly NewOrderLine[],
  ids: Ids,
): Promise<string[]> {
  const line_ids = lines.map(() => ids.uuid());
  const rows = lines.map((line, position) => ({
    id: line_ids[position] ?? '',
    order_id,
    position,
    parent_line_id: line.parent === null ? null : (line_ids[line.parent] ?? null),
    offer_id: line.offer_id,
    offer_version: line.offer_version,
    name: line.name,
    description: line.description,
    quantity: line.quantity,
    unit_minor: line.unit_minor,
    subtotal_minor: line.subtotal_minor,
    discount_minor: line.discount_minor,
    tax_minor: line.tax_minor,
    total_minor: line.total_minor,
  }));
  await writeRows(tx, INSERT_LINES, rows);
  return line_ids;
}

export async function linesOf(db: Database | Transaction, order_id: string): Promise<OrderLine[]> {
  return db
    .selectFrom('order_lines')
    .select(LINE_COLUMNS)
    .where('order_id', '=', order_id)
    .orderBy('position')
    .execute();
}

/** Which offers these orders are about. */
export async function offersOfOrders(
  db: Database | Transaction,
  order_ids: readonly string[],
): Promise<{ readonly order_id: string; readonly offer_id: string }[]> {
  return db
    .selectFrom('order_lines')
    .select(['order_id', 'offer_id'])
    .where(sql<boolean>`order_id = any(${order_ids}::uuid[])`)
    .execute();
}
