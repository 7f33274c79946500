import { answer, EXPLANATION, json, ROUTING } from './answers';
import { expect, test } from './test';

test.beforeEach(async ({ page }) => {
  await answer(page, '/api/routing', ROUTING);
});

test('a pasted body is explained as a list of candidates with reasons', async ({ page, shot }) => {
  let asked: unknown;
  await answer(page, '/api/routing/explain', async (route) => {
    asked = route.request().postDataJSON();
    await json(route, EXPLANATION);
  });
  await page.goto('/routing');
  await page.getByLabel(/JSON body/).fill('{"model":"claude-sonnet-5","messages":[]}');
  await page.getByRole('button', { name: 'Explain' }).click();
  const decision = page.getByTestId('decision');
  await expect(decision).toContainText('Goes to zai as GLM-5');
  await expect(decision.locator('ol > li')).toHaveCount(3);
  await expect(decision).toContainText('Its breaker is open');
  await expect(decision).toContainText('reviewer');
  expect(asked).toEqual({
    path: '/v1/messages',
    headers: {},
    body: { model: 'claude-sonnet-5', messages: [] },
  });
  await shot('routing');
});

test('a pasted curl line is read in the browser', async ({ page }) => {
  let asked: { path?: string; headers?: Record<string, string> } = {};
  await answer(page, '/api/routing/explain', async (route) => {
    asked = route.request().postDataJSON() as typeof asked;
    await json(route, { ...EXPLANATION, candidates: [], error: 'no provider takes `m`' });
  });
  await page.goto('/routing');
  await page
    .getByLabel(/JSON body/)
    .fill(
      `curl http://weir/v1/chat/completions -H 'X-Weir-Subagent: reviewer' --data-raw '{"model":"m"}'`,
    );
  await expect(page.getByText('Read from curl: /v1/chat/completions, 1 headers.')).toBeVisible();
  await page.keyboard.press('Tab');
  await page.getByRole('button', { name: 'Explain' }).click();
  await expect(page.getByTestId('decision')).toContainText('Nowhere. no provider takes');
  expect(asked.path).toBe('/v1/chat/completions');
  expect(asked.headers).toEqual({ 'x-weir-subagent': 'reviewer' });
});

test('what is no JSON says where it is wrong', async ({ page }) => {
  await page.goto('/routing');
  await page.getByLabel(/JSON body/).fill('{"model": }');
  await expect(page.getByText('line 1, column 11')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Explain' })).toBeDisabled();
});

test('a captured request is explained, without the credentials that are blotted out', async ({
  page,
  weir,
}) => {
  const { requests } = (await (await fetch(`${weir}/api/requests/summary?limit=1`)).json()) as {
    requests: { requestId: string }[];
  };
  const id = requests[0]?.requestId ?? '';
  let asked: { headers?: Record<string, string>; body?: { model?: string } } = {};
  await answer(page, '/api/routing/explain', async (route) => {
    asked = route.request().postDataJSON() as typeof asked;
    await json(route, EXPLANATION);
  });
  await page.goto(`/routing?request=${id}`);
  await expect(page.getByTestId('decision')).toBeVisible();
  expect(asked.body?.model).toBeTruthy();
  expect(JSON.stringify(asked.headers)).not.toContain('sha256:');
});

test('the strategy is switched, and a refusal is shown', async ({ page, expected }) => {
  expected.push(/409/);
  let now = 'failover';
  await answer(page, '/api/routing', (route) => json(route, { ...ROUTING, strategy: now }));
  await answer(page, '/api/routing/strategy', async (route) => {
    const { strategy } = route.request().postDataJSON() as { strategy: string };
    if (strategy === 'model_based')
      return json(route, { error: 'model_based needs routing.model_mapping' }, 409);
    now = strategy;
    return json(route, { strategy, strategies: ROUTING.strategies });
  });
  await page.goto('/routing');
  await page.getByRole('radio', { name: /^shuffle/ }).check();
  await expect(page.getByRole('radio', { name: /^shuffle/ })).toBeChecked();
  await page.getByRole('radio', { name: /^model based/ }).click();
  await expect(page.getByText('model_based needs routing.model_mapping')).toBeVisible();
});

test('the model map and subagents are shown, unmatched ones with where their files were looked for', async ({
  page,
  shot,
}) => {
  await page.goto('/routing');
  await expect(page.getByRole('row', { name: 'zai claude-sonnet-5 GLM-5' })).toBeVisible();
  await expect(page.getByText('1 of 2 matched')).toBeVisible();
  await expect(
    page.getByText(/looked for .*app.*architect.md and .*ana.*architect.md/),
  ).toBeVisible();
  await page.getByText('1 of 2 matched').scrollIntoViewIfNeeded();
  await shot('routing-subagents');
});
