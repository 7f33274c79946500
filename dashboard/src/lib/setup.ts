// Set-up lines for clients.

/** A snippet for another address than the one it was made for. */
export function retarget(text: string, from: string, to: string): string {
  const trimmed = to.trim().replace(/\/+$/, '');
  return trimmed === '' || from === '' ? text : text.replaceAll(from.replace(/\/+$/, ''), trimmed);
}

/** Clients whose own settings `weir agent` edits, and that `weir run` knows. */
const AGENTS = ['claude', 'codex', 'gemini', 'opencode'];

/** What `weir run` and `weir agent` call a client, where they know it. */
export function agentCommand(id: string): string | undefined {
  return AGENTS.includes(id) ? id : undefined;
}
