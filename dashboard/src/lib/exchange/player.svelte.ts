// Plays a recorded stream again at the pace at which it came.

import { frame } from '../stream/frames';
import { assemble, pieces, type Part, type Piece } from '../stream/pieces';
import { framesAt, type Timing } from '../stream/timing';

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 10, 50] as const;

/** Where no times were recorded, frames follow each other at this distance. */
const STEP_MS = 20;

export class Player {
  /** Milliseconds from the start of the exchange. */
  at = $state(0);
  playing = $state(false);
  speed = $state(1);
  readonly end: number;
  readonly start: number;
  readonly timings: readonly Timing[];
  /** Whether the pace is the recorded one. */
  readonly timed: boolean;
  readonly #steps: readonly (readonly Piece[])[];
  #last = 0;
  #tick = 0;

  constructor(
    dialect: string,
    chunks: readonly string[],
    timings: readonly Timing[] | undefined,
    total: number | undefined,
  ) {
    this.#steps = chunks.map((chunk) => pieces(dialect, frame(chunk)));
    this.timed = timings !== undefined && timings.length === chunks.length;
    this.timings =
      this.timed && timings !== undefined
        ? timings
        : chunks.map((chunk, index) => ({
            index,
            byteSize: chunk.length,
            elapsedMs: (index + 1) * STEP_MS,
          }));
    this.end = Math.max(this.timed ? (total ?? 0) : 0, this.timings.at(-1)?.elapsedMs ?? 0);
    this.start = 0;
    this.at = this.end;
  }

  /** Frames that are there now. */
  get frames(): number {
    return this.at >= this.end ? this.#steps.length : framesAt(this.timings, this.at);
  }

  /** The answer as far as it has come. */
  parts(frames: number): Part[] {
    return assemble(this.#steps, frames);
  }

  play(): void {
    if (this.playing) return;
    if (this.at >= this.end) this.at = this.start;
    this.playing = true;
    this.#last = performance.now();
    this.#tick = requestAnimationFrame(this.#step);
  }

  pause(): void {
    this.playing = false;
    cancelAnimationFrame(this.#tick);
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  seek(ms: number): void {
    this.at = Math.min(this.end, Math.max(this.start, ms));
  }

  /** To the frame after or before the ones that are there. */
  nudge(step: 1 | -1): void {
    this.pause();
    const frames = this.frames + step;
    this.seek(
      frames <= 0
        ? 0
        : (this.timings[Math.min(frames, this.timings.length) - 1]?.elapsedMs ?? this.end),
    );
  }

  #step = (now: number): void => {
    if (!this.playing) return;
    this.seek(this.at + (now - this.#last) * this.speed);
    this.#last = now;
    if (this.at >= this.end) this.playing = false;
    else this.#tick = requestAnimationFrame(this.#step);
  };
}
