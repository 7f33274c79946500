import type { HeaderRule } from '$lib/api/types';

/** A rule with a key of its own, by which a list tells it from the others. */
export interface EditedRule extends HeaderRule {
  key: number;
}
