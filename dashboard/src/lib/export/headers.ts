// Headers for an export: what a client has to send, credentials named, never shown.

export interface Header {
  readonly name: string;
  readonly value: string;
  /** The environment variable that has the credential; `value` is then what stands in front of it. */
  readonly variable?: string;
}

/** What the connection or the client's library says itself. */
const OWN = new Set([
  'host',
  'content-length',
  'connection',
  'accept-encoding',
  'transfer-encoding',
  'keep-alive',
  'te',
  'upgrade',
  'proxy-connection',
  'expect',
]);

const SECRET = /authorization|api-key|token|secret|cookie|bearer|credential/i;
/** What stands in place of a credential. */
export const BLOTTED = /(sha256|hmac[-a-z0-9]*):[0-9a-f]{8,}|\[redacted\]|^\*+$/i;

export function exported(
  headers: Readonly<Record<string, readonly string[]>>,
  dialect: string,
): Header[] {
  const made: Header[] = [];
  for (const [name, values] of Object.entries(headers)) {
    if (OWN.has(name.toLowerCase())) continue;
    for (const value of values) made.push(one(name, value, dialect));
  }
  return made;
}

function one(name: string, value: string, dialect: string): Header {
  if (!SECRET.test(name) && !BLOTTED.test(value)) return { name, value };
  const lower = name.toLowerCase();
  if (lower === 'authorization') return { name, value: 'Bearer ', variable: variableOf(dialect) };
  const known = lower === 'x-api-key' || lower === 'api-key' || lower === 'x-goog-api-key';
  return { name, value: '', variable: known ? variableOf(dialect) : named(name) };
}

/** Where the SDKs of a dialect look for a key. */
export function variableOf(dialect: string): string {
  if (dialect === 'anthropic_messages') return 'ANTHROPIC_API_KEY';
  return dialect === 'gemini' ? 'GEMINI_API_KEY' : 'OPENAI_API_KEY';
}

function named(name: string): string {
  const made = name.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
  return /^[A-Z_]/.test(made) ? made : `H_${made}`;
}
