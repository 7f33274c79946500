// The bodies of an exchange as they were on the wire.

import { api, send } from '../api/client';

export type Leg = 'request' | 'response';

export interface Raw {
  readonly text: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether the text says the same as the bytes. */
  readonly exact: boolean;
  /** The content coding that could not be taken off, if there was one. */
  readonly coding?: string;
  /** Bytes past the limit of the capture are missing. */
  readonly truncated: boolean;
}

const CODINGS: Readonly<Record<string, CompressionFormat>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
};

/** Loads a body; a content coding that browsers know is taken off. */
export async function raw(id: string, leg: Leg, signal?: AbortSignal): Promise<Raw> {
  const answer = await send(api.requests.rawUrl(id, leg), signal ? { signal } : {});
  const truncated = answer.headers.get('x-weir-truncated') === 'true';
  const coding = answer.headers.get('x-weir-content-encoding')?.trim().toLowerCase() ?? '';
  const wire = new Uint8Array(await answer.arrayBuffer());
  if (coding === '' || coding === 'identity') return { ...decoded(wire), truncated };
  try {
    return { ...decoded(await inflated(wire, coding)), truncated };
  } catch {
    return { ...decoded(wire), exact: false, coding, truncated };
  }
}

async function inflated(
  bytes: Uint8Array<ArrayBuffer>,
  coding: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const format = Object.hasOwn(CODINGS, coding) ? CODINGS[coding] : undefined;
  if (format === undefined) throw new Error(`no ${coding} in this browser`);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function decoded(bytes: Uint8Array<ArrayBuffer>): {
  text: string;
  bytes: Uint8Array<ArrayBuffer>;
  exact: boolean;
} {
  try {
    return {
      text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
      bytes,
      exact: true,
    };
  } catch {
    return {
      text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
      bytes,
      exact: false,
    };
  }
}
