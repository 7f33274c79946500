import { get } from './ask';
import { expect, test } from './test';

interface Document {
  paths: Record<string, Record<string, { operationId?: string }>>;
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'];

async function calls(weir: string): Promise<number> {
  const { paths } = await get<Document>(weir, '/openapi.json');
  return Object.values(paths)
    .flatMap((path) => Object.keys(path))
    .filter((name) => METHODS.includes(name)).length;
}

test('calls are listed by tag with parameters, schemas and an example', async ({
  page,
  weir,
  shot,
}) => {
  const all = await calls(weir);
  expect(all).toBeGreaterThan(40);
  await page.goto('/api-docs');
  await expect(page.getByText(`${all} of ${all} calls`)).toBeVisible();
  await page.goto('/api-docs#get-api-requests-id');
  await expect(page.getByText(/^curl '.*\/api\/requests\/ID'/)).toBeVisible();
  await expect(page.getByText('requestId', { exact: true }).first()).toBeVisible();
  await page.getByRole('button', { name: 'more of usage' }).first().click();
  await expect(page.getByText('input_tokens', { exact: true }).first()).toBeVisible();
  await shot('api-docs');
});

test('calls are found by words, and an address opens one', async ({ page, weir }) => {
  const all = await calls(weir);
  await page.goto('/api-docs');
  await page.getByLabel('Find a call').fill('put strategy');
  await expect(page.getByText(`1 of ${all} calls`)).toBeVisible();
  await expect(page).toHaveURL(/q=put\+strategy/);
  await page.goto('/api-docs#put-api-routing-strategy');
  await expect(page.getByText(/"strategy":/).first()).toBeVisible();
});
