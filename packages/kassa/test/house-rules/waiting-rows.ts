// Rows of contracts whose own work is still to come: they are said plainly in the contract's page, and no test may name
// one of them as if it were met.

/** Row: what it waits for. A row that a test names after all is itself a finding. */
export const WAITING_ROWS: Readonly<Record<string, string>> = {};
