// Rows of contracts whose own work is still to come: they are said plainly in the contract's page, and no test may name
// one of them as if it were met.

/** Row: what it waits for. A row that a test names after all is itself a finding. */
export const WAITING_ROWS: Readonly<Record<string, string>> = {
  C25: '`kassa doctor`, which says why no webhook arrives',
  C28: '`kassa doctor`, which checks each point of the list',
  C29: '`kassa doctor --live` and `kassa verify`; of this row only the report is here',
};
