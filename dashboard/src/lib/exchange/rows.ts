// A text of any size as rows of bounded length, so that only those in view have to be drawn.

export interface Row {
  /** The number of the line, absent on what continues one. */
  readonly line?: number;
  readonly from: number;
  readonly to: number;
}

/** Characters of a row; longer lines go on in the next. */
export const WIDEST = 400;

/** Together the rows are the text, less its line ends. A pair of surrogates is not divided. */
export function rows(text: string, widest = WIDEST): Row[] {
  const made: Row[] = [];
  let line = 1;
  let start = 0;
  while (start <= text.length) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    let from = start;
    do {
      let to = Math.min(end, from + widest);
      const unit = text.charCodeAt(to);
      if (to < end && unit >= 0xdc00 && unit <= 0xdfff) to++;
      made.push(from === start ? { line, from, to } : { from, to });
      from = to;
    } while (from < end);
    if (found < 0) break;
    start = found + 1;
    line++;
  }
  return made;
}
