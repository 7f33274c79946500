/** How charts are drawn: colours, axes, stacked bars, and a mark at the present moment. */
import uPlot from 'uplot';
import type { Series } from '$lib/usage/series';

/** The colour of the series at a place, as CSS knows it. */
export function colour(place: number): string {
  return `var(--c${(place % 8) + 1})`;
}

/** Each series on top of those before it. */
export function stacked(series: readonly Series[]): (number | null)[][] {
  const sums: number[] = [];
  return series.map(({ values }) =>
    values.map((value, at) => {
      const sum = (sums[at] ?? 0) + (value ?? 0);
      sums[at] = sum;
      return sum === 0 ? null : sum;
    }),
  );
}

/** A little less than the shortest day there is. */
const DAY = 22 * 3600;
/** Steps between labels: none within a bucket, whose label would be its neighbour's again. */
const HOURS = [1, 2, 3, 4, 6, 8, 12].map((hours) => hours * 3600);
const DAYS = [1, 2, 3, 5, 7, 10, 15].map((days) => days * 24 * 3600);

const WHOLE = Array.from(
  { length: 39 },
  (_, at) => (at % 3 ? (at % 3 === 1 ? 2 : 5) : 1) * 10 ** Math.floor(at / 3),
);

interface Setup {
  element: HTMLElement;
  width: number;
  height: number;
  names: readonly string[];
  seconds: readonly number[];
  kind: 'bars' | 'lines';
  /** All values are whole numbers. */
  whole: boolean;
  format: (value: number | null) => string;
  onhover?: (place: number | null) => void;
}

export function options(setup: Setup): uPlot.Options {
  const style = getComputedStyle(setup.element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  const [line, text] = [read('--line'), read('--text-3')];
  const font = `11px ${read('--font')}`;
  const gap = (setup.seconds[1] ?? 1) - (setup.seconds[0] ?? 0);
  const end = (setup.seconds.at(-1) ?? 0) + gap;
  const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const series = setup.names.map((name, place) =>
    drawn(setup.kind, name, read(`--c${(place % 8) + 1}`)),
  );
  return {
    width: setup.width,
    height: setup.height,
    // Room for the half of the last label that stands beyond the last bar.
    padding: [10, 24, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: { time: true, range: () => [setup.seconds[0] ?? 0, end] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    axes: [
      {
        ...axis,
        size: 28,
        grid: { show: false },
        incrs: gap < DAY ? HOURS : DAYS,
        values: (_, at) => at.map((one) => tick(one, gap)),
      },
      {
        ...axis,
        size: 56,
        // Of what is counted there is no half.
        ...(setup.whole ? { incrs: WHOLE } : {}),
        values: (_, at) => at.map(setup.format),
      },
    ],
    series: [{}, ...series],
    hooks: {
      draw: [(plot) => mark(plot, read('--red'))],
      setCursor: [(plot) => setup.onhover?.(plot.cursor.idx ?? null)],
      ...(setup.kind === 'bars' ? { drawAxes: [(plot) => bars(plot, setup, read)] } : {}),
    },
  };
}

function tick(seconds: number, gap: number): string {
  const at = new Date(seconds * 1000);
  return gap < DAY
    ? `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`
    : at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}

function drawn(kind: 'bars' | 'lines', label: string, stroke: string): uPlot.Series {
  // Bars are drawn by ourselves, from the top series down.
  if (kind === 'bars') return { label, paths: () => null, points: { show: false } };
  return {
    label,
    stroke,
    width: 1.75,
    points: { show: true, size: 5, fill: stroke },
    spanGaps: false,
  };
}

/** Stacked bars, the highest sum first, so that the lower ones cover its foot. */
function bars(plot: uPlot, setup: Setup, read: (name: string) => string): void {
  const { ctx } = plot;
  const gap = (setup.seconds[1] ?? 1) - (setup.seconds[0] ?? 0);
  ctx.save();
  for (let place = setup.names.length; place >= 1; place -= 1) {
    ctx.fillStyle = read(`--c${((place - 1) % 8) + 1}`);
    for (const [at, second] of setup.seconds.entries()) {
      const value = plot.data[place]?.[at];
      if (value == null) continue;
      const left = plot.valToPos(second, 'x', true);
      const right = plot.valToPos(second + gap, 'x', true);
      const top = plot.valToPos(value, 'y', true);
      const foot = plot.valToPos(0, 'y', true);
      const width = Math.max(1, Math.min((right - left) * 0.72, 46 * devicePixelRatio));
      ctx.fillRect(Math.round((left + right - width) / 2), top, Math.round(width), foot - top);
    }
  }
  ctx.restore();
}

/** A line at the present moment, if the chart has it. */
function mark(plot: uPlot, stroke: string): void {
  const now = Date.now() / 1000;
  const { min, max } = plot.scales['x'] ?? {};
  if (min == null || max == null || now < min || now > max) return;
  const { ctx, bbox } = plot;
  const x = Math.round(plot.valToPos(now, 'x', true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}
