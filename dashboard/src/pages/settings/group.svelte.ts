// The settings that a tab edits, loaded once and again after each change.

import type { ConfigChange, EffectiveSetting } from '$lib/api/types';
import { effective } from '$lib/stored';
import { saying } from '$lib/ui/toast.svelte';

export class Group {
  all = $state.raw<EffectiveSetting[]>([]);
  loaded = $state(false);
  fault = $state('');
  warnings = $state.raw<string[]>([]);

  /** The setting at a path. */
  at(path: string): EffectiveSetting | undefined {
    return this.all.find((setting) => setting.path === path);
  }

  async load(): Promise<void> {
    try {
      this.all = await effective();
      this.loaded = true;
      this.fault = '';
    } catch (error) {
      this.fault = saying(error);
    }
  }

  readonly changed = (done: ConfigChange): void => {
    this.warnings = done.warnings;
    void this.load();
  };
}
