// One replay: sent, streamed in, and looked up once the gateway has it on record.

import { api, ApiError } from '$lib/api/client';
import type { RequestLog } from '$lib/api/types';
import { AnswerReader, type Answer } from '$lib/answer';
import { saying } from '$lib/ui/toast.svelte';

/** What to send, where a part is other than it was. */
export interface Wish {
  provider: string;
  model: string;
  /** The whole body as JSON text; none is the body as captured. */
  body: string | undefined;
}

/** Looks at the record, at most so many times, so far apart (milliseconds). */
const LOOKS = 8;
const BETWEEN = 250;

export class Run {
  state = $state<'idle' | 'running' | 'done' | 'failed'>('idle');
  answer = $state.raw<Answer>();
  log = $state.raw<RequestLog>();
  fault = $state('');
  status = $state<number>();
  firstByte = $state<number>();
  took = $state<number>();
  id = $state('');
  #running: AbortController | undefined;

  get running(): boolean {
    return this.state === 'running';
  }

  /** Ends it; what has come stays. */
  stop(): void {
    this.#running?.abort();
  }

  async start(original: string, wish: Wish): Promise<void> {
    this.stop();
    const running = new AbortController();
    this.#running = running;
    Object.assign(this, {
      state: 'running',
      answer: undefined,
      log: undefined,
      fault: '',
      status: undefined,
      firstByte: undefined,
      took: undefined,
      id: '',
    });
    const begun = performance.now();
    try {
      const response = await api.requests.replay(original, orderText(wish), running.signal);
      this.status = response.status;
      this.id = response.headers.get('x-weir-request-id') ?? '';
      await this.#read(response, begun);
      this.state = 'done';
    } catch (error) {
      this.state = 'failed';
      this.fault = running.signal.aborted ? 'Stopped.' : saying(error);
      if (error instanceof ApiError && error.status > 0) this.status = error.status;
    }
    this.took = performance.now() - begun;
    if (this.id && !running.signal.aborted) await this.#lookUp(running.signal);
  }

  async #read(response: Response, begun: number): Promise<void> {
    const streamed = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    const reader = new AnswerReader(streamed);
    const body = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let frame: number | undefined;
    const show = (): void => {
      frame = undefined;
      this.answer = { ...reader.answer, tools: reader.answer.tools.map((call) => ({ ...call })) };
    };
    for (;;) {
      const piece = await body?.read();
      if (!piece || piece.done) break;
      this.firstByte ??= performance.now() - begun;
      reader.push(piece.value);
      frame ??= requestAnimationFrame(show);
    }
    if (frame !== undefined) cancelAnimationFrame(frame);
    reader.end();
    show();
  }

  /** The record is written a moment after the answer has ended. */
  async #lookUp(signal: AbortSignal): Promise<void> {
    for (let look = 0; look < LOOKS; look += 1) {
      try {
        const log = await api.requests.get(this.id, signal);
        this.log = log;
        if (log.state !== 'open') return;
      } catch (error) {
        if (signal.aborted || !(error instanceof ApiError) || error.status !== 404) return;
      }
      await new Promise((resolve) => setTimeout(resolve, BETWEEN));
    }
  }
}

/** The order as JSON, with the body's text as it stands: parsing it would lose digits. */
function orderText(wish: Wish): string {
  const parts: string[] = [];
  if (wish.provider) parts.push(`"provider":${JSON.stringify(wish.provider)}`);
  if (wish.model.trim()) parts.push(`"model":${JSON.stringify(wish.model.trim())}`);
  if (wish.body !== undefined) parts.push(`"body":${wish.body}`);
  return `{${parts.join(',')}}`;
}
