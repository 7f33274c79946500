// When the frames of a stream came, and what follows from it.

export interface Timing {
  readonly index: number;
  readonly byteSize: number;
  readonly elapsedMs: number;
}

export interface Gap {
  /** The frame that was waited for. */
  readonly index: number;
  readonly ms: number;
}

export interface Pace {
  readonly frames: number;
  readonly bytes: number;
  /** Milliseconds from the start of the exchange; absent without frames. */
  readonly first?: number;
  readonly last?: number;
  readonly longest?: Gap;
  readonly medianGap?: number;
}

/** Waits between frames, each with the frame that ended it. */
export function gaps(timings: readonly Timing[]): Gap[] {
  return timings.slice(1).map((one, at) => ({
    index: one.index,
    ms: Math.max(0, one.elapsedMs - (timings[at]?.elapsedMs ?? one.elapsedMs)),
  }));
}

export function pace(timings: readonly Timing[]): Pace {
  const all = gaps(timings);
  const sorted = all.map((one) => one.ms).sort((a, b) => a - b);
  const longest = all.reduce<Gap | undefined>(
    (most, one) => (most === undefined || one.ms > most.ms ? one : most),
    undefined,
  );
  const first = timings[0]?.elapsedMs;
  const last = timings.at(-1)?.elapsedMs;
  const medianGap = sorted[Math.floor(sorted.length / 2)];
  return {
    frames: timings.length,
    bytes: timings.reduce((sum, one) => sum + one.byteSize, 0),
    ...(first === undefined ? {} : { first }),
    ...(last === undefined ? {} : { last }),
    ...(longest === undefined ? {} : { longest }),
    ...(medianGap === undefined ? {} : { medianGap }),
  };
}

/** Output tokens a second from the first content to the end; absent where that says nothing. */
export function tokensPerSecond(
  output: number | undefined,
  from: number | undefined,
  to: number | undefined,
): number | undefined {
  if (
    output === undefined ||
    from === undefined ||
    to === undefined ||
    output <= 0 ||
    to - from < 1
  )
    return undefined;
  return (output * 1000) / (to - from);
}

export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly frames: number;
  readonly bytes: number;
}

/** Frames by time in so many bins of equal width, for a chart. */
export function bins(timings: readonly Timing[], count: number, end: number): Bin[] {
  const width = Math.max(1, end) / count;
  const made = Array.from({ length: count }, (_, i) => ({
    from: i * width,
    to: (i + 1) * width,
    frames: 0,
    bytes: 0,
  }));
  for (const one of timings) {
    const bin = made[Math.min(count - 1, Math.max(0, Math.floor(one.elapsedMs / width)))];
    if (bin === undefined) continue;
    bin.frames++;
    bin.bytes += one.byteSize;
  }
  return made;
}

/** How many frames are there at this moment of the exchange. Timings ascend. */
export function framesAt(timings: readonly Timing[], ms: number): number {
  let low = 0;
  let high = timings.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timings[middle]?.elapsedMs ?? Infinity) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
