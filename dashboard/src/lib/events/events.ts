// How sinks do, and figures of what is made for them.

import type { EventsView, SinkView } from '$lib/api/types';
import { span } from '$lib/control/token';
import type { Tile } from '$lib/exchange/Tiles.svelte';
import { count } from '$lib/format/format';

export interface Standing {
  label: string;
  tone: 'green' | 'amber' | 'red' | 'grey';
}

/** Whether a sink takes what this process offers it, by what it did last. */
export function standing(sink: SinkView): Standing {
  const at = (moment: string | undefined) => (moment === undefined ? 0 : Date.parse(moment));
  const [good, bad] = [at(sink.last_success), at(sink.last_failure)];
  if (bad > good) return { label: 'failing', tone: 'red' };
  if (good === 0) return { label: 'nothing yet', tone: 'grey' };
  return { label: 'delivering', tone: 'green' };
}

/** For how long the oldest has waited; nothing where nothing waits. */
export function lag(sink: SinkView, now: number): string | undefined {
  return sink.oldest_waiting === undefined
    ? undefined
    : span(Math.max(0, now - Date.parse(sink.oldest_waiting)));
}

/** What was made, and what was lost on the way to the sinks. */
export function tiles(view: EventsView): Tile[] {
  const lost = (name: string, lost: number, note: string): Tile => ({
    name,
    value: count(lost),
    note,
    tone: lost > 0 ? 'warn' : undefined,
  });
  const { stream } = view;
  return [
    { name: 'Made', value: count(view.made), note: 'events' },
    lost('Not made', view.unmade, 'too many waited'),
    lost('Bodies left out', view.bodies_dropped, 'too large together'),
    ...(stream
      ? [
          { name: 'Published', value: count(stream.published), note: 'taken by Redis' },
          lost('Waiting for Redis', stream.waiting, 'in this process'),
          lost('Dropped', stream.dropped, 'before Redis took them'),
          { name: 'In the stream', value: count(stream.length), note: stream.key },
        ]
      : []),
  ];
}

/**
 * What became of the events of a sink. Those with a mark are lost, or will be. A process that leaves the
 * delivering to others knows only what waits.
 */
export function figures(
  sink: SinkView,
  dispatches: boolean,
): { name: string; value: number; bad: boolean }[] {
  const figure = (name: string, value: number, lost = false) => ({
    name,
    value,
    bad: lost && value > 0,
  });
  const waits = [figure('Waiting', sink.waiting), figure('Held', sink.pending)];
  if (!dispatches) return waits;
  return [
    figure('Delivered', sink.delivered),
    ...waits,
    figure('Skipped', sink.skipped),
    figure('Offered again', sink.retried),
    figure('Refused', sink.refused, true),
    figure('Dropped', sink.dropped, true),
    figure('Dead', sink.dead, true),
  ];
}
