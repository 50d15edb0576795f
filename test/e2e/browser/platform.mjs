// What people do on the SQL page and on the pages of the namespace and the
// platform, and must then see.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const at = (url, path, ns = 'default') => `${url}/app/#/namespaces/${ns}/${path}`
const press = (page, button) => page.getByRole('button', { name: button, exact: true }).click()

export const api = async ({ url }, method, path, body) => {
  const r = await fetch(`${url}${path}`, { method, headers: { 'content-type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) })
  const text = await r.text()
  assert.ok(r.ok, `${method} ${path}: ${r.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

/** Replaces the script in the editor. */
async function write(page, text) {
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+a')
  await page.keyboard.press('Delete')
  await page.keyboard.insertText(text)
}

const verdict = (page, text) => page.getByTestId('verdict').filter({ hasText: text }).waitFor()
const counts = (page) => page.getByTestId('counts').innerText()
const rowsOf = async (page) => Number((await counts(page)).match(/([\d\u202f]+) rows?/)?.[1].replace(/\D/g, '') ?? 0)

async function until(page, what, read) {
  for (let n = 0; n < 1200; n++) {
    const v = await read()
    if (v) return v
    await page.waitForTimeout(100)
  }
  throw new Error(`never seen: ${what}`)
}

const axe = readFileSync(createRequire(new URL('../../../web/package.json', import.meta.url)).resolve('axe-core'), 'utf8')

/** What axe finds that keeps people out. */
export async function barriers(page) {
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
  return violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(' | ')}`)
}

export const everyPage = [
  'deployments', ...['overview', 'configuration', 'savepoints', 'jobs', 'events', 'logs', 'metrics', 'state', 'doctor', 'autopilot'].map((tab) => `deployments/flights-delays/detail/${tab}`),
  'deploy', 'sql', 'connectors', 'clusters', 'clusters/shared', 'clusters/shared/configuration', 'artifacts', 'secrets', 'targets', 'defaults', 'namespaces', 'tokens', 'audit', 'status',
]

/** Things to see on the pages of the platform. */
export async function furnish(t) {
  const ns = '/api/v1/namespaces/default'
  await api(t, 'POST', `${ns}/sessionclusters`, { kind: 'SessionCluster', metadata: { name: 'shared' }, spec: { state: 'RUNNING', deploymentTargetName: 'local', numberOfTaskManagers: 2 } })
  await api(t, 'POST', `${ns}/secret-values`, { metadata: { name: 'db-password' }, spec: { kind: 'PLAIN', value: 'never-shown' } })
  await api(t, 'POST', '/apitokens/v1/namespaces/default/apitokens', { name: 'namespaces/default/apitokens/ci', role: 'editor' })
  await api(t, 'POST', '/namespaces/v1/namespaces', { name: 'namespaces/fraud', roleBindings: [{ role: 'owner', members: ['user:ann'] }, { role: 'viewer', members: ['group:support'] }] })
  await api(t, 'POST', '/sql/v1beta1/namespaces/default/sqlscripts:execute', {
    statement: "CREATE TABLE orders (id BIGINT, customer STRING, amount DECIMAL(10, 2), placed_at TIMESTAMP(3), WATERMARK FOR placed_at AS placed_at - INTERVAL '5' SECOND) WITH ('connector' = 'datagen', 'rows-per-second' = '20', 'fields.customer.length' = '1', 'fields.amount.min' = '1', 'fields.amount.max' = '500')",
  })
  const form = new FormData()
  form.append('file', new Blob(['PK\u0003\u0004 not really a jar']), 'enrich-1.4.jar')
  assert.ok((await fetch(`${t.url}/artifacts/v1/namespaces/default/artifacts:upload`, { method: 'POST', body: form })).ok)
}

export const platform = {
  // A table, a mistake under its word, a query whose rows come, its plan, a saved script with an address, a deployment.
  async sql({ page, url }) {
    await page.goto(at(url, 'sql'))
    await write(page, "CREATE TABLE numbers (\n  n BIGINT,\n  word STRING\n) WITH (\n  'connector' = 'datagen',\n  'rows-per-second' = '50',\n  'fields.n.kind' = 'sequence',\n  'fields.n.start' = '1',\n  'fields.n.end' = '1000000'\n);\n\nSELECT n % 3 AS third, COUNT(*) AS so_many FROM numbers GROUP BY n % 3;\n")
    await verdict(page, '2 statements are in order')
    await page.keyboard.press('Control+Home')
    await page.keyboard.press('Control+Enter')
    await page.getByTestId('result').getByText('Done.').waitFor()
    await page.locator('.catalog').getByText('numbers', { exact: true }).waitFor()

    await page.keyboard.press('Control+End')
    await page.keyboard.press('Control+Enter')
    await until(page, 'three rows', async () => (await rowsOf(page).catch(() => 0)) === 3)
    await until(page, 'an update', async () => Number(await page.locator('.grid [data-testid=row] .number').nth(1).innerText()) > 20)
    await press(page, 'Changelog')
    await page.locator('.grid .op', { hasText: '-U' }).first().waitFor()
    await page.waitForURL(/view=changelog/)
    await press(page, 'Pause')
    await page.getByRole('button', { name: /^Go on \(\d/ }).waitFor()
    const held = await counts(page)
    await until(page, 'more to go on with', async () => /\([1-9]/.test(await page.getByRole('button', { name: /^Go on/ }).innerText()))
    assert.equal((await counts(page)).split('·')[0], held.split('·')[0])
    await page.getByRole('button', { name: /^Go on/ }).click()
    await press(page, 'Table')
    await page.getByRole('searchbox', { name: 'Filter rows' }).fill('no such value')
    await page.getByText('No row has “no such value” in it.').waitFor()
    await page.getByRole('searchbox', { name: 'Filter rows' }).fill('')
    await press(page, 'Stop')
    await page.getByTestId('counts').filter({ hasText: 'ended' }).waitFor()

    await press(page, 'Explain')
    await page.getByTestId('plan-node').nth(2).waitFor()

    await write(page, 'SELECT wrod FROM numbers')
    await verdict(page, 'wrod')
    await page.locator('.cm-lintRange-error', { hasText: 'wrod' }).waitFor()
    await page.keyboard.press('Control+Enter')
    await page.getByTestId('mistake').filter({ hasText: 'wrod' }).waitFor()

    await write(page, 'SELECT COUN')
    await page.keyboard.press('Control+Space')
    await page.locator('.cm-tooltip-autocomplete').getByText('COUNT', { exact: true }).waitFor()
    await page.keyboard.press('Escape')

    await write(page, "CREATE TEMPORARY TABLE out_words (word STRING) WITH ('connector' = 'print');\nINSERT INTO out_words SELECT word FROM numbers;\n")
    await verdict(page, '2 statements are in order')
    await press(page, 'Save…')
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('Words out')
    await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click()
    await page.waitForURL(/sql\/words-out/)
    await page.evaluate(() => localStorage.clear())
    await page.reload()
    await page.locator('.cm-content', { hasText: 'INSERT INTO out_words' }).waitFor()
    await press(page, 'Deploy…')
    await page.waitForURL(/\/deploy/)
    await page.locator('.cm-content', { hasText: 'INSERT INTO out_words' }).waitFor()
  },

  // A table by the form.
  async newTable({ page, url }) {
    await page.goto(at(url, 'sql'))
    await press(page, 'New table…')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('clicks')
    await dialog.getByLabel('Connector').selectOption('filesystem')
    await dialog.getByLabel('path', { exact: true }).fill('/tmp/clicks')
    await dialog.getByText("'path' = '/tmp/clicks'").waitFor()
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await page.locator('.catalog').getByText('clicks', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Do with table clicks' }).click()
    await page.getByRole('menuitem', { name: 'Show how it is made' }).click()
    await page.getByTestId('result').getByText("CREATE TABLE").first().waitFor()
    await page.getByRole('button', { name: 'Do with table clicks' }).click()
    await page.getByRole('menuitem', { name: 'Drop…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Drop', exact: true }).click()
    await page.locator('.catalog').getByText('clicks', { exact: true }).waitFor({ state: 'detached' })
  },

  // A secret goes in and is never seen again, anywhere.
  async secret(t) {
    const { page, url } = t
    const value = 'swordfish-7261'
    await page.goto(at(url, 'secrets'))
    await page.getByRole('button', { name: 'New secret…' }).first().click()
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('db-password')
    await page.getByRole('dialog').getByLabel('Value').fill(value)
    await press(page, 'Keep it')
    await page.getByTestId('secret').filter({ hasText: '${db-password}' }).waitFor()
    await page.goto(at(url, 'audit'))
    await page.getByTestId('entry').filter({ hasText: 'db-password' }).waitFor()
    for (const path of ['secrets', 'audit', 'status']) {
      await page.goto(at(url, path))
      await page.locator('main h1').waitFor()
      assert.ok(!(await page.content()).includes(value), `${path} shows the secret`)
    }
    for (const path of ['/api/v1/namespaces/default/secret-values', '/api/v1/logs/']) assert.ok(!JSON.stringify(await api(t, 'GET', path)).includes(value), `${path} has the secret`)
    await page.goto(at(url, 'secrets'))
    await press(page, 'Delete…')
    await page.getByRole('dialog').getByRole('textbox').fill('db-password')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('No secrets yet').waitFor()
  },

  async artifact({ page, url }) {
    await page.goto(at(url, 'artifacts'))
    await page.getByTestId('files').setInputFiles({ name: 'job.jar', mimeType: 'application/java-archive', buffer: Buffer.alloc(300_000, 7) })
    const row = page.getByTestId('artifact').filter({ hasText: 'job.jar' })
    await row.filter({ hasText: '293 KiB' }).waitFor()
    await row.getByRole('button', { name: 'Copy URI' }).waitFor()
    await row.getByRole('button', { name: 'Delete…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await row.waitFor({ state: 'detached' })
  },

  // A session cluster comes up, is looked at, stopped and deleted.
  async cluster({ page, url }) {
    await page.goto(at(url, 'clusters'))
    await page.getByRole('button', { name: 'New session cluster…' }).first().click()
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name', exact: true }).fill('shared')
    await page.getByRole('dialog').getByRole('button', { name: 'YAML' }).click()
    await page.getByRole('dialog').getByText('numberOfTaskManagers').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Create', exact: true }).click()
    await page.waitForURL(/clusters\/shared/)
    await page.getByTestId('state').filter({ hasText: 'Running' }).waitFor()
    await page.getByTestId('fact').filter({ hasText: /1\s*task managers/ }).waitFor()
    await press(page, 'Stop')
    await page.getByTestId('state').filter({ hasText: 'Stopped' }).waitFor()
    await press(page, 'Delete…')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('No session clusters yet').waitFor()
  },

  // Targets, defaults, namespaces and tokens; and the audit log knows of all of it.
  async places(t) {
    const { page, url } = t
    const dialog = page.getByRole('dialog')
    await page.goto(at(url, 'targets'))
    await press(page, 'New target…')
    await dialog.getByRole('textbox', { name: 'Name' }).fill('quick')
    await dialog.getByLabel('Jobs run').selectOption('embedded')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByTestId('target').filter({ hasText: 'quick' }).filter({ hasText: 'Inside the server' }).waitFor()

    await page.goto(at(url, 'defaults'))
    await page.getByLabel('Parallelism').fill('2')
    await press(page, 'Save')
    await until(page, 'the default', async () => (await api(t, 'GET', '/api/v1/namespaces/default/deployment-defaults')).spec.template?.spec?.parallelism === 2)

    await page.goto(at(url, 'namespaces'))
    await press(page, 'New namespace…')
    await dialog.getByRole('textbox', { name: 'Name' }).fill('fraud')
    await dialog.getByLabel('Owners').fill('user:ann')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByTestId('namespace').filter({ hasText: 'fraud' }).filter({ hasText: 'user:ann' }).waitFor()

    await page.goto(at(url, 'tokens'))
    await page.getByRole('button', { name: 'New token…' }).first().click()
    await dialog.getByRole('textbox', { name: 'Name' }).fill('ci')
    await press(page, 'Make it')
    const secret = await page.getByTestId('token-secret').locator('pre').innerText()
    assert.ok(secret.length > 20)
    await press(page, 'I have kept it')
    await page.reload()
    await page.getByTestId('token').filter({ hasText: 'ci' }).waitFor()
    assert.ok(!(await page.content()).includes(secret))

    await page.goto(at(url, 'audit'))
    for (const what of ['quick', 'ci']) await page.getByTestId('entry').filter({ hasText: what }).waitFor()
    await page.getByLabel('Kind').selectOption('ApiToken')
    await page.getByTestId('entry').filter({ hasText: 'quick' }).waitFor({ state: 'detached' })
    await page.waitForURL(/kind=ApiToken/)
    await page.goto(at(url, 'status'))
    await page.getByText('scripts are compiled before they run').waitFor()
    await page.goto(at(url, 'connectors'))
    await page.getByTestId('item').filter({ hasText: 'datagen' }).click()
    await page.getByRole('cell', { name: 'rows-per-second', exact: true }).waitFor()
  },

  // Nothing keeps people out of a page, in light and in dark, and no page complains to the console.
  async accessible(t) {
    const { page, url } = t
    await furnish(t)
    const found = []
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && found.push(`${page.url()}: console ${m.type()}: ${m.text()}`))
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      for (const path of everyPage) {
        await page.goto(at(url, path))
        await page.locator('main h1').first().waitFor()
        for (let n = 0; n < 2; n++) { // what is read after what was read
          await page.waitForTimeout(300)
          await page.waitForFunction(() => !document.querySelector('main [aria-busy=true]'))
        }
        for (const b of await barriers(page)) found.push(`${colorScheme} ${path}: ${b}`)
      }
    }
    assert.deepEqual(found, [])
  },
}
