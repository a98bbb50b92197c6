/** Every run begins at this moment. Virtual milliseconds since 1970. */
export const START_MS = Date.parse('2026-11-21T10:00:00Z');
