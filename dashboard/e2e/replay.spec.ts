import { answer, GRADE, json } from './answers';
import { expect, test, type Page } from './test';

const NEW_ID = '01900000-0000-7000-8000-00000000beef';

async function captured(weir: string): Promise<Record<string, unknown> & { requestId: string }> {
  const list = (await (await fetch(`${weir}/api/requests/summary?limit=200`)).json()) as {
    requests: {
      requestId: string;
      state: string;
      dialect: string;
      statusCode?: number;
      stopReason?: string;
    }[];
  };
  const good = list.requests.find(
    (one) =>
      one.dialect === 'anthropic_messages' &&
      one.statusCode === 200 &&
      one.stopReason === 'end_turn',
  );
  return (await (await fetch(`${weir}/api/requests/${good?.requestId ?? ''}`)).json()) as Record<
    string,
    unknown
  > & { requestId: string };
}

function stream(): string {
  const events = [
    { type: 'message_start', message: { model: 'gpt-5.5', usage: { input_tokens: 12 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    {
      type: 'content_block_delta',
      index: 0,
      delta: {
        type: 'text_delta',
        text: 'Another answer.\n<img src=x onerror="window.hostile=1">',
      },
    },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } },
    { type: 'message_stop' },
  ];
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

async function replays(page: Page, id: string, original: object): Promise<string[]> {
  const orders: string[] = [];
  await answer(page, `/api/requests/${id}/replay`, async (route) => {
    orders.push(route.request().postData() ?? '');
    await route.fulfill({
      status: 200,
      headers: { 'content-type': 'text/event-stream', 'x-weir-request-id': NEW_ID },
      body: stream(),
    });
  });
  const record = {
    ...original,
    requestId: NEW_ID,
    state: 'complete',
    provider: 'openai',
    model: 'gpt-5.5',
    routedModel: 'gpt-5.5',
    cost: 0.0123,
    responseTime: 812,
    usage: { input_tokens: 12, output_tokens: 7 },
  };
  await answer(page, `/api/requests/${NEW_ID}`, record);
  return orders;
}

test('a captured request is sent elsewhere and streamed beside the original, with figures and a difference', async ({
  page,
  weir,
  shot,
}) => {
  const log = await captured(weir);
  const orders = await replays(page, log.requestId, log);
  await page.goto(`/replay/${log.requestId}`);
  await page.getByLabel('Provider').selectOption('openai');
  await page.getByLabel('Model').fill('gpt-5.5');
  await page.getByRole('button', { name: 'Send' }).click();
  const replay = page.getByTestId('answer-replay');
  await expect(replay).toContainText('Another answer.');
  await expect(replay).toContainText('<img src=x');
  await expect(replay).toContainText('$0.012');
  await expect(replay).toContainText('812 ms');
  await expect(replay.getByRole('link', { name: 'See it whole' })).toHaveAttribute(
    'href',
    `/requests/${NEW_ID}`,
  );
  await expect(page.getByText(/lines removed, .* added/)).toBeVisible();
  expect(orders).toEqual(['{"provider":"openai","model":"gpt-5.5"}']);
  await shot('replay');
});

test('the body is edited as text: JSON is checked, digits stay, and edits can be undone', async ({
  page,
  weir,
  shot,
}) => {
  const log = await captured(weir);
  const orders = await replays(page, log.requestId, log);
  await page.goto(`/replay/${log.requestId}`);
  await page.getByRole('button', { name: 'Edit the body' }).click();
  const editor = page.getByLabel('The body to send');
  await expect(editor).toHaveValue(/"model": "/);
  await expect(page.getByText('Not edited: the captured bytes are sent.')).toBeVisible();
  await editor.fill('{\n  "model": "m",\n  "n": \n}');
  await expect(page.getByText(/line 4, column 1/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Send' })).toBeDisabled();
  await shot('replay-editor');
  await editor.fill('{"model":"m","n":12345678901234567890}');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByTestId('answer-replay')).toContainText('Another answer.');
  expect(orders).toEqual(['{"body":{"model":"m","n":12345678901234567890}}']);
  await page.getByRole('button', { name: 'Undo edits' }).click();
  await expect(page.getByText('Not edited: the captured bytes are sent.')).toBeVisible();
});

test('a replay that is refused says why', async ({ page, weir, expected }) => {
  expected.push(/409/);
  const log = await captured(weir);
  await answer(page, `/api/requests/${log.requestId}/replay`, (route) =>
    json(route, { error: 'openai has no key of its own' }, 409),
  );
  await page.goto(`/replay/${log.requestId}`);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByTestId('answer-replay')).toContainText('openai has no key of its own');
});

test('a prompt is graded only when asked for, and the grade is shown by criteria', async ({
  page,
  weir,
  shot,
  expected,
}) => {
  expected.push(/409/);
  const log = await captured(weir);
  let asked = 0;
  let body: { requestId?: string; messages?: unknown[] } = {};
  await answer(page, '/api/grade-prompt', async (route) => {
    asked += 1;
    body = route.request().postDataJSON() as typeof body;
    if (asked === 1)
      await json(route, { error: 'no model grades prompts; set `dashboard.grading.model`' }, 409);
    else await json(route, GRADE);
  });
  await page.goto(`/replay/${log.requestId}`);
  await expect(page.getByTestId('score')).toHaveText('-/5');
  await expect(page.getByText('which costs money')).toBeVisible();
  expect(asked).toBe(0);
  await page.getByRole('button', { name: 'Grade this prompt' }).click();
  await expect(page.getByText('set `dashboard.grading.model`')).toBeVisible();
  await page.getByRole('button', { name: 'Grade this prompt' }).click();
  await expect(page.getByTestId('score')).toHaveText('3.5/5');
  await expect(page.getByText('No file is named.')).toBeVisible();
  await expect(page.getByRole('meter')).toHaveCount(5);
  expect(body.requestId).toBe(log.requestId);
  expect(body.messages?.length).toBeGreaterThan(0);
  await page.getByTestId('score').scrollIntoViewIfNeeded();
  await shot('replay-grade');
});
