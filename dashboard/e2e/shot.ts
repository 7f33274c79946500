/** One request, and how it is sent. */

export interface Shot {
  path: string;
  headers: Record<string, string>;
  body: unknown;
  /** Hangs up at the first bytes of the answer. */
  leaves?: boolean;
}

export function uuid(n: number): string {
  return `5eed0000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

export function pick<T>(list: readonly T[], n: number): T {
  const one = list[n % list.length];
  if (one === undefined) throw new Error('nothing to pick from');
  return one;
}

/** Gives the status, or none if the connection broke. */
export async function fire(weir: string, shot: Shot): Promise<number | undefined> {
  const gone = new AbortController();
  try {
    const response = await fetch(weir + shot.path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...shot.headers },
      body: JSON.stringify(shot.body),
      signal: gone.signal,
    });
    if (shot.leaves) {
      await response.body?.getReader().read();
      gone.abort();
    } else {
      await response.arrayBuffer();
    }
    return response.status;
  } catch {
    // Connections that break are among what is played.
    return undefined;
  }
}
