/** What projects are called: exchanges and figures have their ids. */
import { api } from '$lib/api/client';

let names = $state.raw<ReadonlyMap<string, string>>(new Map());
let asked = false;

async function ask(): Promise<void> {
  const list = await api.projectNames();
  names = new Map(list.map(({ id, name }) => [id, name]));
}

/** The name of a project, or its id until that is known. Asked for where the first is shown. */
export function projectName(id: string): string {
  if (!asked) {
    asked = true;
    // The id says it too.
    ask().catch(() => (asked = false));
  }
  return names.get(id) ?? id;
}
