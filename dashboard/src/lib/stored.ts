// The settings in force, where each is from, and the edits that are stored.

import { api, ApiError } from '$lib/api/client';
import type { ConfigChange, EffectiveSetting, Json } from '$lib/api/types';

/** Every setting, in the order of the reference. */
export async function effective(): Promise<EffectiveSetting[]> {
  return (await api.config.effective()).settings;
}

/** Stores edits; null takes one back. Nothing has changed when it throws. */
export async function store(edits: Record<string, Json>): Promise<ConfigChange> {
  const { changed = [], needsRestart = [], warnings = [] } = await api.config.patch(edits);
  return { changed, needsRestart, warnings };
}

/** A setting's value as a text that could be set; empty when there is none. */
export function valueText(setting: EffectiveSetting): string {
  const { value } = setting;
  return value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** Whether a setting is switched on or off. */
export function isSwitch(setting: EffectiveSetting): boolean {
  return /^(?:true|false)$/.test(valueText(setting));
}

/** The faults of a refused edit that are about one setting, without its path; else all of them. */
export function faultsOf(error: unknown, path: string): string[] {
  if (!(error instanceof ApiError)) return [error instanceof Error ? error.message : String(error)];
  const all = error.faults.length > 0 ? error.faults : [error.message];
  const own = all.filter((fault) => fault.includes(path));
  return (own.length > 0 ? own : all).map((fault) => {
    const at = fault.indexOf(`${path}: `);
    return at < 0 ? fault : fault.slice(at + path.length + 2);
  });
}

/** Where a setting is from, in words. */
export function sourceText(setting: EffectiveSetting): string {
  switch (setting.source) {
    case 'default':
      return 'default';
    case 'file':
      return setting.line === undefined ? 'file' : `file, line ${setting.line}`;
    case 'environment':
      return setting.variable ?? 'environment';
    case 'command_line':
      return 'command line';
    case 'stored':
      return 'edited here';
  }
}

/** Whether something wins over edits, so that editing would be without effect. */
export function outranked(setting: EffectiveSetting): boolean {
  return setting.source === 'environment' || setting.source === 'command_line';
}
