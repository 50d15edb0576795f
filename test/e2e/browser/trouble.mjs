// When things go wrong: each cause of no output, a server that is slow, away, restarting or answers with errors; and what was
// kept of before: the rows of savepoints, the logs of jobs that have ended, addresses that others wrote down.
import assert from 'node:assert/strict'
import { api } from './platform.mjs'

const deployments = '/api/v1/namespaces/default/deployments'
const home = (url) => `${url}/app/#/namespaces/default/deployments`
const is = (page, state) => page.getByTestId('state').filter({ hasText: state }).waitFor()
const status = (page) => page.getByRole('status')
const create = (t, name, sqlScript, state = 'RUNNING') =>
  api(t, 'POST', deployments, { metadata: { name }, spec: { state, template: { spec: { parallelism: 1, artifact: { kind: 'SQLSCRIPT', sqlScript } } } } })

async function until(page, what, read) {
  for (let n = 0; n < 1200; n++) {
    const v = await read().catch(() => undefined)
    if (v) return v
    await page.waitForTimeout(100)
  }
  throw new Error(`never seen: ${what}`)
}

/** Answers of the API go through `way`; what it returns undoes that. The change stream, once open, is not touched. */
async function between(page, way) {
  const of = (u) => u.pathname.startsWith('/api/') && !u.pathname.endsWith('/changes')
  await page.route(of, way)
  return () => page.unroute(of, way)
}

export const trouble = {
  // The doctor says of each cause why nothing comes out, of which operator, and what to do.
  async doctor(t) {
    const { page, url, ask } = t
    const plants = JSON.parse(await ask('plants'))
    assert.ok(plants.length >= 5)
    for (const p of plants) await create(t, p.name, p.script)
    for (const p of plants) {
      await page.goto(`${home(url)}/${p.name}/detail/doctor`)
      const finding = page.locator(`[data-testid=finding][data-rule=${p.rule}]`).filter({ hasText: p.says }).filter({ hasText: 'What to do:' })
      await finding.first().waitFor()
      assert.ok((await finding.first().locator('.evidence tr').count()) > 0, `${p.rule} proves nothing`)
      await page.getByTestId('checked').filter({ hasText: 'Found' }).first().waitFor()
      const show = finding.first().getByRole('link', { name: 'Show the operator' })
      if ((await show.count()) > 0) {
        await show.click()
        await page.waitForURL(/overview\?vertex=/)
      }
    }
  },

  // Answers take long: the page says of what it waits, then what it shows, and stays what it was meanwhile.
  async slow({ page, url }) {
    let patience = 6000
    const undo = await between(page, async (route) => {
      await new Promise((done) => setTimeout(done, patience))
      await route.continue().catch(() => {}) // the page was left
    })
    await page.goto(home(url))
    await page.getByText('Reading the deployments …').waitFor()
    await status(page).filter({ hasText: /The server is slow: \d+ s/ }).waitFor()
    await page.getByTestId('deployment').filter({ hasText: 'Flight delays' }).waitFor()
    patience = 8000
    await status(page).filter({ hasText: 'slow' }).waitFor()
    await page.getByTestId('deployment').filter({ hasText: 'Flight delays' }).waitFor()
    patience = 0
    await status(page).waitFor({ state: 'detached' })
    await undo()
  },

  // Answers are errors: the page says so, keeps what it knew, and goes on by itself; also a page that knew nothing yet.
  async erring(t) {
    const { page, url } = t
    await page.goto(home(url))
    const row = page.getByTestId('deployment').filter({ hasText: 'Flight delays' })
    await row.filter({ hasText: 'Running' }).waitFor()
    await page.evaluate(() => (window.untouched = true))
    let undo = await between(page, (route) => route.fulfill({ status: 500, contentType: 'application/json', body: '{"message":"the store is locked"}' }))
    await status(page).filter({ hasText: 'answers with errors (500)' }).waitFor()
    await row.filter({ hasText: 'Running' }).waitFor()
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Secrets' }).click()
    await page.getByRole('alert').filter({ hasText: 'the store is locked' }).filter({ hasText: 'The log of the server says more' }).waitFor()
    await undo()
    await page.getByText('No secrets yet').waitFor() // nobody pressed anything
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Deployments' }).click()
    await row.filter({ hasText: 'Running' }).waitFor()
    await status(page).waitFor({ state: 'detached' })
    // What is asked for while it errs is refused in words, and what was typed stays.
    undo = await between(page, (route) => (route.request().method() === 'GET' ? route.continue() : route.fulfill({ status: 503, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' })))
    await page.goto(`${home(url)}/flights-delays/detail/overview`)
    await is(page, 'Running')
    await page.getByRole('button', { name: 'Savepoint', exact: true }).click()
    await page.getByRole('alert').filter({ hasText: '503' }).waitFor()
    await undo()
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await page.getByRole('button', { name: 'Savepoint', exact: true }).click()
    await until(page, 'the savepoint', async () => (await api(t, 'GET', '/api/v1/namespaces/default/savepoints')).items.some((s) => s.status.state === 'COMPLETED'))
  },

  // The server is started anew: the page says so, and then knows what changed meanwhile.
  async restarting(t) {
    const { page, url, ask } = t
    await page.goto(home(url))
    const row = page.getByTestId('deployment').filter({ hasText: 'Flight delays' })
    await row.filter({ hasText: 'Running' }).waitFor()
    await page.evaluate(() => (window.untouched = true))
    for (let n = 0; n < 2; n++) {
      await ask('kill')
      await status(page).filter({ hasText: 'does not answer' }).waitFor()
      await row.filter({ hasText: 'Running' }).waitFor()
      await ask('start')
      await status(page).waitFor({ state: 'detached' })
    }
    await create(t, 'later', "CREATE TEMPORARY TABLE a (i INT) WITH ('connector' = 'datagen', 'rows-per-second' = '1');\nCREATE TEMPORARY TABLE b (i INT) WITH ('connector' = 'blackhole');\nINSERT INTO b SELECT i FROM a;", 'CANCELLED')
    await page.getByTestId('deployment').filter({ hasText: 'later' }).filter({ hasText: 'Cancelled' }).waitFor()
    await row.filter({ hasText: 'Running' }).waitFor()
    assert.equal(await page.evaluate(() => window.untouched), true, 'the page was loaded again')
  },

  // A savepoint is looked into: its operators, a table, the rows of a key; each with an address.
  async inside(t) {
    const { page, url } = t
    await page.goto(`${home(url)}/flights-delays/detail/state`)
    await is(page, 'Running')
    await page.getByText('No savepoint to look into yet').waitFor()
    await page.getByTestId('operator-state').filter({ hasText: 'GroupAggregate' }).filter({ hasText: /[1-9]/ }).waitFor()
    await page.getByRole('button', { name: 'Savepoint', exact: true }).click()
    await page.getByTestId('state-table').filter({ hasText: 'GroupAggregate' }).getByRole('button').first().click()
    const rows = page.getByTestId('state-row')
    await rows.nth(1).waitFor()
    const key = (await rows.first().locator('td').first().innerText()).trim()
    await page.getByLabel('is', { exact: true }).fill(key)
    await page.keyboard.press('Enter')
    await until(page, 'one row', async () => (await rows.count()) === 1)
    assert.equal((await rows.first().locator('td').first().innerText()).trim(), key)
    await page.waitForURL(/is=/)
    await page.reload()
    await until(page, 'the same row', async () => (await rows.count()) === 1)
    await page.getByLabel('is', { exact: true }).fill('no such key')
    await page.keyboard.press('Enter')
    await page.getByText(/None of the \d+ rows/).waitFor()
  },

  // What a job wrote can be read when it has ended.
  async keptLogs(t) {
    const { page, url } = t
    await create(t, 'short', "CREATE TEMPORARY TABLE a (i INT) WITH ('connector' = 'datagen', 'number-of-rows' = '5');\nCREATE TEMPORARY TABLE b (i INT) WITH ('connector' = 'print');\nINSERT INTO b SELECT i FROM a;")
    await page.goto(`${home(url)}/short/detail/jobs`)
    await is(page, 'Finished')
    await page.getByRole('link', { name: 'Log', exact: true }).click()
    await page.waitForURL(/logs\?job=/)
    await page.getByTestId('log-line').filter({ hasText: 'engine started' }).waitFor()
    await page.getByText('What the processes of this job wrote last').waitFor()
  },

  // Addresses as Ververica Platform writes them lead to the same things.
  async links(t) {
    const { page, url } = t
    const d = await api(t, 'GET', `${deployments}/flights-delays`)
    const id = d.metadata.id
    const one = `namespaces/default/deployments/${id}`
    const tab = (name) => page.locator('nav.tabs [aria-current=page]').filter({ hasText: name }).waitFor()
    const head = (name) => page.getByRole('heading', { name, level: 1 }).waitFor()
    for (const [path, seen] of [
      ['', () => page.getByTestId('deployment').first().waitFor()],
      ['namespaces/default/deployments', () => page.getByTestId('deployment').first().waitFor()],
      [one, () => tab('Overview')],
      [`${one}/detail/overview`, () => tab('Overview')],
      [`${one}/detail/status`, () => tab('Overview')],
      [`${one}/detail/configuration`, () => tab('Configuration')],
      [`${one}/detail/jobs`, () => tab('Jobs')],
      [`${one}/detail/history`, () => tab('Jobs')],
      [`${one}/detail/savepoints`, () => tab('Savepoints')],
      [`${one}/detail/snapshots`, () => tab('Savepoints')],
      [`${one}/detail/events`, () => tab('Events')],
      [`${one}/detail/autopilot`, () => tab('Autopilot')],
      ['namespaces/default/sessionclusters', () => head('Session clusters')],
      ['namespaces/default/session-clusters', () => head('Session clusters')],
      ['namespaces/default/deployment-targets', () => head('Deployment targets')],
      ['namespaces/default/secret-values', () => head('Secrets')],
      ['namespaces/default/deployment-defaults', () => head('Deployment defaults')],
      ['namespaces/default/apitokens', () => head('API tokens')],
      ['namespaces/default/api-tokens', () => head('API tokens')],
      ['namespaces/default/artifacts', () => head('Artifacts')],
      ['namespaces/default/sql-editor', () => page.locator('.cm-content').waitFor()],
      ['namespaces/default/catalogs', () => page.getByRole('button', { name: 'New catalog…' }).waitFor()],
      ['namespaces/default/functions', () => page.getByRole('button', { name: 'Register a file…' }).waitFor()],
    ]) {
      await page.goto('about:blank')
      await page.goto(`${url}/app/#/${path}`)
      await seen().catch((e) => {
        throw new Error(`#/${path} leads elsewhere`, { cause: e })
      })
    }
  },
}
