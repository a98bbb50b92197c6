// Error codes that are documented for those who write against Kassa, and that no story raises yet.

/** Code: the story that will raise it. An entry that is raised after all is itself a finding. */
export const WAITING_CODES: Readonly<Record<string, string>> = {};
