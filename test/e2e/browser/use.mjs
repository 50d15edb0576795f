// A deployment from its first script to its first trouble, and the work of one
// who never touches the mouse.
import assert from 'node:assert/strict'
import { api, everyPage, furnish } from './platform.mjs'

const deployments = '/api/v1/namespaces/default/deployments'
const home = (url) => `${url}/app/#/namespaces/default/deployments`
const is = (page, state) => page.getByTestId('state').filter({ hasText: state }).waitFor()
const go = (page, tab) => page.locator('nav.tabs').getByRole('link', { name: tab, exact: true }).click()
const rows = (page, table) => page.getByTestId(`output-${table}`).getByTestId('output-row')
const create = (t, name, sqlScript, state = 'RUNNING') =>
  api(t, 'POST', deployments, { metadata: { name }, spec: { state, template: { spec: { parallelism: 1, artifact: { kind: 'SQLSCRIPT', sqlScript } } } } })

/** Numbers that come without end. */
const numbers = "CREATE TEMPORARY TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '50', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '100000000');\n"
const shown = "CREATE TEMPORARY TABLE shown (n BIGINT) WITH ('connector' = 'print');\n"

async function until(page, what, read) {
  for (let n = 0; n < 1200; n++) {
    const v = await read().catch(() => undefined)
    if (v) return v
    await page.waitForTimeout(100)
  }
  throw new Error(`never seen: ${what}`)
}

export const use = {
  // The form: a name, a script that is told its mistake and then mended, and the rows of its job.
  async create({ page, url }) {
    await page.goto(home(url))
    await page.getByRole('link', { name: 'Create deployment' }).click()
    await page.getByText('It needs a name.').waitFor()
    await page.getByLabel('Name', { exact: true }).fill('even-numbers')
    await page.getByLabel('Title').fill('Even numbers')
    const script = page.locator('.cm-content[aria-label="Script"]')
    await script.click()
    await page.keyboard.insertText(`${numbers}${shown}INSERT INTO shown SELECT n FROM numbrs WHERE n % 2 = 0;\n`)
    await page.getByTestId('sql-problem').filter({ hasText: /Line 3: .*numbrs/ }).waitFor()
    await script.click()
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.insertText(`${numbers}${shown}INSERT INTO shown SELECT n FROM numbers WHERE n % 2 = 0;\n`)
    await page.getByTestId('sql-problem').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Create and start' }).click()
    await page.waitForURL(/deployments\/even-numbers/)
    await is(page, 'Running')
    await rows(page, 'shown').nth(4).waitFor()
    for (const text of await rows(page, 'shown').locator('td:nth-child(2)').allInnerTexts()) assert.equal(Number(text.replace(/\D/g, '')) % 2, 0, text)
    await page.getByRole('heading', { name: 'Even numbers' }).waitFor()
  },

  // The process of the job dies: the page says of what, and the job goes on where its last checkpoint was.
  async killed(t) {
    const { page, url, ask } = t
    const job = async () => (await api(t, 'GET', `${deployments}/flights-delays`)).status?.running?.jobId
    await page.goto(`${home(url)}/flights-delays/detail/overview`)
    await is(page, 'Running')
    await page.evaluate(() => (window.untouched = true))
    await until(page, 'a checkpoint', async () => (await page.getByTestId('fact').filter({ hasText: 'checkpoints' }).locator('.value').innerText()).match(/[1-9]/))
    await page.getByTestId('output-row').first().waitFor()
    const before = await job()
    await ask('kill the engine')
    await page.locator('.events').getByText(/signal 9/).first().waitFor()
    const after = await until(page, 'another job', async () => {
      const id = await job()
      return id !== before && id
    })
    await is(page, 'Running')
    await until(page, 'the graph of the new job', () => page.evaluate(() => document.querySelector('[data-testid=vertex]') && !document.querySelector('.stale')))
    await page.getByTestId('output-row').first().waitFor()
    await go(page, 'Jobs')
    await page.getByRole('row').filter({ hasText: 'signal 9 (killed)' }).waitFor()
    await page.getByRole('row').filter({ hasText: 'Started' }).filter({ hasText: '/chk-' }).waitFor()
    await go(page, 'Events')
    await page.getByTestId('event').filter({ hasText: 'from retained checkpoint' }).waitFor()
    assert.equal(await job(), after, 'it failed again')
    assert.equal(await page.evaluate(() => window.untouched), true, 'the page was loaded again')
  },

  // What the process writes appears by itself; only warnings, a search and a held log leave out what they say.
  async logs(t) {
    const { page, url } = t
    await create(t, 'failing', `${numbers}${shown}INSERT INTO shown SELECT CAST(CASE WHEN n > 20 THEN 'x' ELSE '1' END AS BIGINT) FROM numbers;`)
    await page.goto(`${home(url)}/failing/detail/logs`)
    const line = (text) => page.getByTestId('log-line').filter({ hasText: text })
    await line('engine started').waitFor()
    await line('attempt=1 ').waitFor()
    const seen = await page.getByTestId('log-line').count()
    await line('attempt=3 ').waitFor()
    assert.ok((await page.getByTestId('log-line').count()) > seen)
    await page.getByRole('button', { name: 'Warnings' }).click()
    await line('engine started').waitFor({ state: 'detached' })
    await line('attempt=1 ').waitFor()
    await page.waitForURL(/level=warn/)
    await page.getByLabel('Search the log').fill('ATTEMPT=2 ')
    await until(page, 'the one line', async () => (await page.getByTestId('log-line').count()) === 1)
    await page.getByLabel('Search the log').fill('no such words')
    await page.getByText(/None of \d+ lines has “no such words”/).waitFor()
  },

  // Without a mouse: open a deployment, select two of three, cancel them, come back with g and a letter.
  async keyboard(t) {
    const { page, url } = t
    for (const name of ['orders', 'returns', 'stock']) await create(t, name, `${numbers}${shown}INSERT INTO shown SELECT n FROM numbers;`)
    await page.goto(home(url))
    await page.getByTestId('deployment').nth(2).waitFor()
    const keys = page.keyboard
    const focused = (read) => page.evaluate(read)
    /** Tabs until the focus is on what has this label. */
    const tabTo = async (label) => {
      for (let n = 0; n < 80; n++) {
        if (await focused(`(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim() === ${JSON.stringify(label)}`)) return
        await keys.press('Tab')
      }
      throw new Error(`no Tab leads to ${label}`)
    }
    await keys.press('Control+k')
    await page.getByRole('combobox', { name: 'Search or do' }).waitFor()
    await keys.type('retu')
    await page.getByRole('option', { selected: true }).filter({ hasText: 'returns' }).waitFor()
    await keys.press('Enter')
    await page.waitForURL(/deployments\/returns\/detail/)
    await page.getByRole('heading', { name: 'returns' }).waitFor()
    await is(page, 'Running')
    await keys.press('Control+k')
    await keys.type('suspend returns')
    await page.getByRole('option', { selected: true }).filter({ hasText: 'Suspend returns' }).waitFor()
    await keys.press('Enter')
    await is(page, 'Suspended')

    await keys.press('g')
    await keys.press('d')
    await page.waitForURL(/\/deployments$/)
    await page.getByTestId('deployment').nth(2).waitFor()
    for (const name of ['orders', 'stock']) {
      await tabTo(`Select ${name}`)
      await keys.press('Space')
    }
    await page.getByText('2 selected').waitFor()
    // The actions stand before the table.
    await keys.press('/')
    await tabTo('Cancel…')
    await keys.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.filter({ hasText: 'orders, stock' }).waitFor()
    await keys.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await until(page, 'the focus where it was', async () => (await focused(() => document.activeElement.textContent)) === 'Cancel…')
    await keys.press('Enter')
    await dialog.waitFor()
    await tabTo('Cancel the jobs')
    await keys.press('Enter')
    for (const name of ['orders', 'stock']) await page.getByTestId('deployment').filter({ hasText: name }).filter({ hasText: 'Cancelled' }).waitFor()
    await page.getByTestId('deployment').filter({ hasText: 'returns' }).filter({ hasText: 'Suspended' }).waitFor()
  },

  // All that can be pressed, chosen or written on a page is reached by Tab alone; tabs, menus, the graph and dialogs work by keys and give the focus back.
  async withoutMouse(t) {
    const { page, url } = t
    await furnish(t)
    const keys = page.keyboard
    const missed = []
    for (const path of everyPage) {
      await page.goto('about:blank')
      await page.goto(`${url}/app/#/namespaces/default/${path}`)
      await page.locator('main h1').first().waitFor()
      await page.waitForFunction(() => !document.querySelector('main [aria-busy=true]'))
      // What is there now; what comes later has its turn on the next visit.
      const count = await page.evaluate(() => {
        const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"], [contenteditable=true]')]
          .filter((e) => e.tabIndex >= 0 && !e.matches(':disabled') && !e.closest('[inert]') && e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0)
        window.sought = new Set(all)
        window.addEventListener('focusin', (e) => window.sought.delete(e.target))
        document.activeElement?.blur()
        return all.length
      })
      assert.ok(count > 20, `${path} has only ${count} places for the focus`)
      for (let n = 0; n < 3 * count + 40; n++) {
        const { left, editor } = await page.evaluate(() => ({
          left: [...window.sought].filter((e) => e.isConnected && !e.matches(':disabled')).length, editor: document.activeElement?.classList.contains('cm-content') && document.activeElement.isContentEditable,
        }))
        if (left === 0) break
        if (editor) await keys.press('Escape')
        await keys.press('Tab')
      }
      missed.push(...(await page.evaluate(() => [...window.sought].filter((e) => e.isConnected && !e.matches(':disabled')).map((e) => e.outerHTML.slice(0, 160)))).map((e) => `${path}: ${e}`))
    }
    assert.deepEqual(missed, [])

    const focused = (read) => page.evaluate(read)
    const tabTo = async (what) => {
      for (let n = 0; n < 120; n++) {
        if (await page.evaluate((w) => (document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '').trim().startsWith(w), what)) return
        await keys.press('Tab')
      }
      throw new Error(`no Tab leads to ${what}`)
    }
    await page.goto(`${home(url)}/flights-delays/detail/overview`)
    await is(page, 'Running')
    await page.getByTestId('vertex').first().waitFor()
    await tabTo('Source: flights')
    await keys.press('Enter')
    await page.getByTestId('operator').waitFor()
    await keys.press('Enter')
    await page.getByTestId('operator').waitFor({ state: 'detached' })
    // A menu opens, moves and closes; the focus is where it was.
    await page.evaluate(() => document.activeElement.blur())
    await tabTo('More ▾')
    await keys.press('Enter')
    await page.getByRole('menuitem').first().waitFor()
    await keys.press('ArrowDown')
    await until(page, 'the focus on an item', async () => (await focused(() => document.activeElement.getAttribute('role'))) === 'menuitem')
    await keys.press('Escape')
    await until(page, 'the focus on its button', async () => (await focused(() => document.activeElement.textContent)) === 'More ▾')
    // A dialog keeps the focus, and gives it back.
    await keys.press('Shift+Tab')
    await keys.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    for (let n = 0; n < 8; n++) {
      await keys.press('Tab')
      assert.ok(await focused(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null), 'the focus left the dialog')
    }
    await keys.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await until(page, 'the focus where it was', async () => (await focused(() => document.activeElement.textContent)) === 'Cancel…')
    await tabTo('Savepoints')
    await keys.press('Enter')
    await page.waitForURL(/detail\/savepoints/)
  },

  // The first page is there with little: less than 400 kB come over the wire, and no editor among them.
  async light({ page, url }) {
    await page.goto(home(url))
    await page.getByTestId('deployment').first().waitFor()
    const files = await page.evaluate(() => performance.getEntries().filter((e) => e.entryType === 'resource' || e.entryType === 'navigation').filter((e) => new URL(e.name).pathname.startsWith('/app/')).map((e) => ({ name: new URL(e.name).pathname, bytes: e.encodedBodySize })))
    const sum = files.reduce((n, f) => n + f.bytes, 0)
    assert.ok(sum > 50_000 && sum < 400_000, `${sum} bytes`)
    assert.deepEqual(files.filter((f) => /codemirror|plot|yaml/.test(f.name)), [])
    console.log(`the first page: ${Math.round(sum / 1000)} kB in ${files.length} files`)
  },

  // What is brought along is registered by forms: a connector of Flink, a catalog.
  async plugins({ page, url }) {
    await page.goto(`${url}/app/#/namespaces/default/connectors`)
    await page.getByRole('button', { name: 'Register a connector…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Name' }).fill('elastic')
    await dialog.getByRole('textbox', { name: 'Type' }).fill('elasticsearch-7')
    await dialog.getByRole('combobox', { name: 'JAR' }).or(dialog.getByRole('textbox', { name: 'JAR' })).first().fill('s3://libraries/elastic.jar')
    await dialog.getByRole('textbox', { name: 'Options' }).fill('hosts! where it is\nindex!')
    await dialog.getByRole('button', { name: 'Register', exact: true }).click()
    const item = page.getByTestId('item').filter({ hasText: 'elasticsearch-7' }).filter({ hasText: 'registered by a user' })
    await item.locator('summary').click()
    await item.getByRole('cell', { name: /hosts/ }).waitFor()
    await item.getByRole('button', { name: 'Unregister…' }).click()
    await dialog.getByRole('button', { name: 'Unregister', exact: true }).click()
    await item.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Catalogs', exact: true }).click()
    await page.getByRole('button', { name: 'New catalog…' }).click()
    await dialog.getByRole('textbox', { name: 'Name' }).fill('warehouse')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.goto(`${url}/app/#/namespaces/default/sql`)
    await page.locator('.catalog').getByText('warehouse', { exact: true }).waitFor()
  },
}
