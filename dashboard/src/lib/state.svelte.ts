/** What pages share that is not the address: the configuration and what is picked to be compared. */
import { api } from './api/client';
import type { Config, Stats } from './api/types';

let config = $state.raw<Config | null>(null);
let stats = $state.raw<Stats | null>(null);
let reachable = $state(true);

/** weir as the shell shows it. */
export const gateway = {
  get config() {
    return config;
  },
  get stats() {
    return stats;
  },
  get reachable() {
    return reachable;
  },
  async refresh(): Promise<void> {
    try {
      [config, stats] = await Promise.all([api.config.get(), api.stats()]);
      reachable = true;
    } catch {
      reachable = false;
    }
  },
};
