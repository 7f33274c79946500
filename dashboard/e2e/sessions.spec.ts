import type { Growth, SessionDetail } from '../src/lib/api/types';
import { captured, found, get } from './ask';
import { TITLE, type Sample } from './sample';
import { expect, test, type Page } from './test';

const open = async (page: Page, { session }: Sample): Promise<void> => {
  await page.goto(`/sessions/${session}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(TITLE);
};

/** A session of three turns that no other test looks at. */
async function short(weir: string): Promise<string> {
  const session = `short-${crypto.randomUUID()}`;
  const headers = { 'content-type': 'application/json', 'x-claude-code-session-id': session };
  for (let n = 0; n < 3; n += 1) {
    const messages = Array.from({ length: 2 * n + 1 }, (_, at) => ({
      role: at % 2 ? 'assistant' : 'user',
      content: `Say ${at}`,
    }));
    const body = JSON.stringify({ model: 'claude-haiku-4-5', max_tokens: 9, messages });
    await fetch(`${weir}/v1/messages`, { method: 'POST', headers, body });
  }
  await captured(weir, `session=${session}&limit=1`);
  await expect.poll(async () => (await found(weir, `session=${session}`)).length).toBe(3);
  return session;
}

test('sessions are listed, filtered in the address and opened', async ({ page, shot }) => {
  await page.goto('/sessions');
  await expect(page.getByRole('link', { name: /session/i }).first()).toBeVisible();
  await shot('sessions');
  await page.getByRole('searchbox', { name: 'Search prompts and answers' }).fill('lost line of 57');
  await expect(page).toHaveURL(/q=lost/);
  await expect(page.getByRole('link', { name: /The lost line of 57/ })).toHaveCount(1);
  await expect(page.getByRole('link', { name: TITLE })).toHaveCount(0);
  await page.locator('body').click({ position: { x: 2, y: 2 } });
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/sessions\/5eed/);
  await page.goBack();
  await expect(page).toHaveURL(/q=lost/);
});

test('sessions of one client are listed, and of all when that is taken back', async ({ page }) => {
  await page.goto('/sessions');
  await page.getByRole('combobox', { name: 'Client' }).selectOption('codex');
  await expect(page).toHaveURL(/client=codex/);
  await expect(page.getByRole('link', { name: /Fix the build/ }).first()).toBeVisible();
  await expect(page.getByRole('link', { name: TITLE })).toHaveCount(0);
});

test('a session shows its agents, its growth, and what fills the prompt', async ({
  page,
  weir,
  sample,
  shot,
}) => {
  const growth = await get<Growth>(weir, `/api/sessions/${sample.session}/growth`);
  const missed = growth.turns.filter((one) => one.miss && one.miss.reason !== 'first_turn');
  expect(missed.map((one) => one.requestId)).toContain(sample.changed);
  await open(page, sample);
  await expect(page.getByRole('button', { name: /Main agent/ })).toBeVisible();
  await expect(page.getByRole('img', { name: /What fills the prompt/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /Tools/ }).first()).toContainText('%');
  await expect(page.getByText(`cache missed ${missed.length}×`)).toBeVisible();
  await expect(
    page.locator(`#t-${sample.changed}`).getByText('Cache missed: the tools changed.'),
  ).toBeVisible();
  await expect(page.locator(`#t-${sample.changed}`)).toContainText('tool Edit changed');
  await shot('session');
  await page
    .getByRole('button', { name: /Explore/ })
    .first()
    .click();
  await expect(page).toHaveURL(/agent=agent-1/);
  await expect(page.locator('article.turn')).toHaveCount(1);
});

test('main turns, side calls, subagents, retries and compactions are told apart', async ({
  page,
  weir,
  sample,
}) => {
  const { turns } = await get<SessionDetail>(weir, `/api/sessions/${sample.session}`);
  expect(new Set(turns.map((one) => one.kind))).toEqual(
    new Set(['main', 'side', 'subagent', 'retry']),
  );
  const compacted = turns.find((one) => one.relation === 'compaction');
  await open(page, sample);
  await expect(page.locator('article.turn')).toHaveCount(turns.length);
  for (const one of turns.filter((each) => each.kind !== 'main')) {
    await expect(page.locator(`#t-${one.requestId}`)).toHaveClass(new RegExp(one.kind));
  }
  await expect(page.locator(`#t-${compacted?.requestId ?? '-'}`)).toContainText(/compact/i);
});

test('a turn opens with what is new in it alone, then whole', async ({ page, sample, shot }) => {
  await open(page, sample);
  const turn = page.locator(`#t-${sample.second}`);
  await turn.getByRole('button').first().click();
  await expect(turn.getByText('NEW')).toHaveCount(2);
  await expect(turn.getByText('The loop ended one element early')).toBeVisible();
  await expect(turn.getByText('Why does the parser')).toBeHidden();
  await turn.scrollIntoViewIfNeeded();
  await shot('session-turn');
  await turn.getByRole('button', { name: /3 earlier messages/ }).click();
  await expect(turn.getByText('Why does the parser')).toBeVisible();
});

test('turns are gone through by keys', async ({ page, weir, sample }) => {
  const { turns } = await get<SessionDetail>(weir, `/api/sessions/${sample.session}`);
  await open(page, sample);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(page).toHaveURL(new RegExp(`turn=${turns[1]?.requestId ?? '-'}`));
  const slider = page.getByRole('slider', { name: 'Turn' });
  await slider.focus();
  await page.keyboard.press('End');
  const last = turns.filter((one) => one.kind !== 'side' && one.kind !== 'subagent').at(-1);
  await expect(page).toHaveURL(new RegExp(`turn=${last?.requestId ?? '-'}`));
  await page.keyboard.press('o');
  await expect(page).toHaveURL(new RegExp(`/requests/${last?.requestId ?? '-'}`));
});

test('a session is deleted after asking', async ({ page, weir }) => {
  const session = await short(weir);
  await page.goto(`/sessions/${session}`);
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  expect((await found(weir, `session=${session}`)).length).toBe(3);
  await page.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('dialog')).toContainText('3 requests');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page).toHaveURL(/\/sessions$/);
  expect(await found(weir, `session=${session}`)).toEqual([]);
  expect((await fetch(`${weir}/api/sessions/${session}`)).status).toBe(404);
});

test('a session leads to its transcript and to its last two turns side by side', async ({
  page,
  session,
  shot,
}) => {
  await page.goto(`/sessions/${session}`);
  await expect(page.getByRole('heading', { name: /^Turns/ })).toBeVisible();
  await expect(page.getByRole('img', { name: /What fills the prompt/ })).toBeVisible();
  await expect(page.locator('article.turn')).not.toHaveCount(0);
  await shot('session-captured');
  await expect(page.getByRole('link', { name: 'Compare the last two' })).toHaveAttribute(
    'href',
    /\/compare\?a=.+&b=.+/,
  );
  await page.getByRole('link', { name: 'Transcript', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Lost line in the parser' })).toBeVisible();
});
