/** What projects are called: exchanges, figures, tokens and the audit have their ids. */
import { api } from '$lib/api/client';

type Names = Awaited<ReturnType<typeof api.projectNames>>;

let list = $state.raw<Names>();
let names = $state.raw<ReadonlyMap<string, string>>(new Map());
let running: Promise<Names> | undefined;
/** Ids that were asked for: one that has no name is not asked for again and again. */
const wanted = new Set<string>();

/** Asks anew, where a project may have been made or given another name. What is known stays until then. */
export function renewNames(): void {
  const asked = api.projectNames();
  running = asked;
  asked.then(
    (found) => {
      if (running !== asked) return;
      running = undefined;
      list = found;
      names = new Map(found.map(({ id, name }) => [id, name]));
    },
    () => {
      // The ids say it too, until somebody looks again.
      if (running !== asked) return;
      running = undefined;
      wanted.clear();
    },
  );
}

/** The name of a project, or its id until that is known; asked for where it is shown. */
export function projectName(id: string): string {
  const name = names.get(id);
  if (name === undefined && !wanted.has(id)) {
    wanted.add(id);
    if (!running) renewNames();
  }
  return name ?? id;
}

/** All projects by name, or nothing until they are known. */
export function projectNames(): Names | undefined {
  if (list === undefined && !running) renewNames();
  return list;
}
