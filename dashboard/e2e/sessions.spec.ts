import { answer, SECOND, SESSION } from './samples';
import { expect, test, type Page } from './test';

const open = async (page: Page): Promise<void> => {
  await answer(page);
  await page.goto(`/sessions/${SESSION}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Find the lost line');
};

test('sessions are listed, filtered in the address and opened', async ({ page, shot }) => {
  await answer(page);
  await page.goto('/sessions');
  await expect(page.getByRole('link', { name: /Find the lost line/ })).toHaveCount(2);
  await shot('sessions');
  await page.getByRole('searchbox', { name: 'Search prompts and answers' }).fill('parser');
  await expect(page).toHaveURL(/q=parser/);
  await page.locator('body').click({ position: { x: 2, y: 2 } });
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/sessions\/5eed/);
});

test('a session shows its agents, its growth, and what fills the prompt', async ({
  page,
  shot,
}) => {
  await open(page);
  await expect(page.getByRole('button', { name: /Main agent/ })).toBeVisible();
  await expect(page.getByRole('img', { name: /What fills the prompt/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /Tool results/ })).toContainText('28.3%');
  await expect(page.getByText('cache missed 1×')).toBeVisible();
  await expect(page.getByText('Cache missed: the tools changed.')).toBeVisible();
  await shot('session');
  await page
    .getByRole('button', { name: /Explore/ })
    .first()
    .click();
  await expect(page).toHaveURL(/agent=agent-1/);
  await expect(page.locator('article.turn')).toHaveCount(1);
});

test('a turn opens with what is new in it alone, then whole', async ({ page, shot }) => {
  await open(page);
  const turn = page.locator(`#t-${SECOND}`);
  await turn.getByRole('button').first().click();
  await expect(turn.getByText('NEW')).toHaveCount(2);
  await expect(turn.getByText('The loop ended one element early')).toBeVisible();
  await expect(turn.getByText('Why does the parser')).toBeHidden();
  await turn.scrollIntoViewIfNeeded();
  await shot('session-turn');
  await turn.getByRole('button', { name: /3 earlier messages/ }).click();
  await expect(turn.getByText('Why does the parser')).toBeVisible();
});

test('turns are gone through by keys', async ({ page, expected }) => {
  // The last turn is of no exchange that there is.
  expected.push(/404/);
  await open(page);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(page).toHaveURL(/turn=/);
  const slider = page.getByRole('slider', { name: 'Turn' });
  await slider.focus();
  await page.keyboard.press('End');
  await expect(slider).toHaveAttribute('aria-valuenow', '6');
  await page.keyboard.press('o');
  await expect(page).toHaveURL(/\/requests\//);
});

test('a session is deleted after asking', async ({ page }) => {
  await open(page);
  let deleted = false;
  await page.route(`**/api/sessions/${SESSION}`, (route) => {
    deleted = route.request().method() === 'DELETE';
    return route.fulfill({ json: { message: 'deleted', deleted: 6 } });
  });
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  expect(deleted).toBe(false);
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page).toHaveURL(/\/sessions$/);
  expect(deleted).toBe(true);
});

test('a captured session shows its turns', async ({ page, session, shot }) => {
  await page.goto(`/sessions/${session}`);
  await expect(page.getByRole('heading', { name: /^Turns/ })).toBeVisible();
  await expect(page.getByRole('img', { name: /What fills the prompt/ })).toBeVisible();
  await expect(page.locator('article.turn')).not.toHaveCount(0);
  await shot('session-captured');
  await page.locator('article.turn').first().getByRole('button').first().click();
  await expect(page.locator('article.turn').first().getByText('NEW').first()).toBeVisible();
});
