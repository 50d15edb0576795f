// What people do in the browser and must then see. The flights demonstration
// runs; every wait is for something to appear.
import assert from 'node:assert/strict'

const name = 'flights-delays'
const home = (url) => `${url}/app/#/namespaces/default/deployments`

async function open({ page, url }, tab = 'overview') {
  await page.goto(`${home(url)}/${name}/detail/${tab}`)
  await is(page, 'Running')
  // A reload would lose this: the page must not need one.
  await page.evaluate(() => (window.untouched = true))
}

const is = (page, state) => page.getByTestId('state').filter({ hasText: state }).waitFor()
const go = (page, tab) => page.locator('nav.tabs').getByRole('link', { name: tab, exact: true }).click()
const press = (page, button) => page.getByRole('button', { name: button, exact: true }).click()
const untouched = async (page) => assert.equal(await page.evaluate(() => window.untouched), true, 'the page was loaded again')

/** Writes a text into an editor, instead of what was there. */
async function write(page, label, text) {
  const editor = page.locator(`.cm-content[aria-label="${label}"]`)
  await editor.click()
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.insertText(text)
}

/** Waits until a read of the page gives something true, and gives it. */
async function until(page, what, read, argument) {
  const handle = await page.waitForFunction(read, argument, { polling: 100 }).catch((e) => {
    throw new Error(`never seen: ${what}`, { cause: e })
  })
  return handle.jsonValue()
}

const newestRow = (page, after = -1) =>
  until(page, `a row after ${after}`, (after) => {
    const seqs = [...document.querySelectorAll('[data-testid=output-row]')].map((r) => Number(r.dataset.seq))
    const newest = Math.max(-1, ...seqs)
    return newest > after ? newest + 1 : 0
  }, after).then((n) => n - 1)

const recordsRead = (page, after = -1) =>
  until(page, `more records read than ${after}`, (after) => {
    const fact = [...document.querySelectorAll('[data-testid=fact]')].find((f) => f.textContent.includes('records read'))
    const n = Number(fact?.querySelector('.value').textContent.replace(/\D/g, '') || -1)
    return n > after ? n + 1 : 0
  }, after).then((n) => n - 1)

const api = async ({ url }, path, body) => {
  const r = await fetch(`${url}${path}`, body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {})
  assert.ok(r.ok, `${path}: ${r.status}`)
  return r.json()
}
const deployment = (t) => api(t, `/api/v1/namespaces/default/deployments/${name}`)

/** Flights by destination as the running job last gave them; `first` gives its first rows instead. */
async function counts(t, jobId, first) {
  const { tables } = await api(t, `/flink-ui/v1/namespaces/default/jobs/${jobId}/jobs/${jobId.replaceAll('-', '')}/weir/output?limit=1000`)
  const rows = tables.find((x) => x.name === 'worst_destinations').rows.filter((r) => r.op === '+I' || r.op === '+U')
  const by = new Map()
  for (const { values: [destination, flights] } of rows) if (!first || !by.has(destination)) by.set(destination, Number(flights))
  return by
}

/** Waits until the job gave rows for most of what was counted before: none may have begun anew. */
async function goesOn(t, before, jobId) {
  for (;;) {
    const after = await counts(t, jobId, true)
    const both = [...after.keys()].filter((d) => before.has(d))
    for (const d of both) assert.ok(after.get(d) >= before.get(d), `${d} had ${before.get(d)} flights and now ${after.get(d)}: state was lost`)
    if (both.length >= Math.min(5, before.size)) return
    await t.page.evaluate(() => new Promise((done) => requestAnimationFrame(done)))
  }
}

async function counted(t) {
  const { status } = await deployment(t)
  for (;;) {
    const now = await counts(t, status.running.jobId)
    if ([...now.values()].filter((n) => n > 5).length >= 5) return now
    await t.page.evaluate(() => new Promise((done) => requestAnimationFrame(done)))
  }
}

async function savepoint(page, howMany = 1) {
  await press(page, 'Savepoint')
  await go(page, 'Savepoints')
  await page.getByTestId('savepoint').nth(howMany - 1).waitFor()
  await page.getByTestId('savepoint').first().filter({ hasText: 'Completed' }).waitFor()
}

export const scenarios = {
  async list({ page, url }) {
    await page.goto(url)
    const row = page.getByTestId('deployment').filter({ hasText: 'Flight delays' })
    await row.filter({ hasText: 'Running' }).waitFor()
    await until(page, 'a rate', () => Number(document.querySelector('[data-testid=deployment] .rate')?.textContent) > 0)
    await until(page, 'the title', () => document.title === 'Deployments · weir')
    await row.getByRole('link').click()
    await is(page, 'Running')
    await page.getByTestId('vertex').nth(2).waitFor()
    await newestRow(page, await newestRow(page))
    await recordsRead(page, await recordsRead(page))
    for (const table of ['delays_by_hour', 'worst_destinations']) await page.getByTestId(`output-${table}`).getByTestId('output-row').first().waitFor()
  },

  // Rows stand still under the pointer, and go on when it leaves.
  async held({ page, url }) {
    await open({ page, url })
    await newestRow(page)
    await page.getByTestId('output-worst_destinations').locator('.scroll').hover()
    const seqs = () => page.getByTestId('output-worst_destinations').getByTestId('output-row').evaluateAll((rows) => rows.map((r) => r.dataset.seq).join())
    await page.getByText('held while you point at it').waitFor()
    const before = await seqs()
    await recordsRead(page, (await recordsRead(page)) + 20)
    assert.equal(await seqs(), before)
    const newest = await page.getByTestId('output-worst_destinations').getByTestId('output-row').first().getAttribute('data-seq')
    await page.mouse.move(1, 1)
    await newestRow(page, Number(newest))
  },

  async scale(t) {
    const { page } = t
    await open(t)
    const before = await counted(t)
    const job = (await deployment(t)).status.running.jobId
    await page.getByRole('button', { name: 'Scale…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Parallelism').fill('4')
    await press(page, 'Scale to 4')
    await until(page, 'all vertices at ×4', () => {
      const all = [...document.querySelectorAll('[data-testid=vertex] .parallelism')]
      return all.length > 0 && all.every((v) => v.textContent === '×4') && !document.querySelector('.stale')
    })
    await is(page, 'Running')
    await recordsRead(page, await recordsRead(page))
    await newestRow(page, await newestRow(page))
    await untouched(page)
    const after = (await deployment(t)).status.running.jobId
    assert.notEqual(after, job)
    await goesOn(t, before, after)
    await go(page, 'Jobs')
    await page.getByRole('row').filter({ hasText: 'Started' }).filter({ hasText: 'savepoint-' }).waitFor()
    await page.getByRole('row').filter({ hasText: 'Terminated' }).filter({ hasText: 'started empty' }).waitFor()
  },

  async savepoint(t) {
    const { page } = t
    await open(t, 'savepoints')
    await page.getByText('No savepoints yet').waitFor()
    await press(page, 'Savepoint')
    const rows = page.getByTestId('savepoint')
    await rows.filter({ hasText: 'Completed' }).filter({ hasText: 'User request' }).waitFor()
    await until(page, 'one savepoint', () => document.querySelectorAll('[data-testid=savepoint]').length === 1)
    // One that somebody else takes appears as well.
    await api(t, '/api/v1/namespaces/default/savepoints', { metadata: { deploymentId: (await deployment(t)).metadata.id } })
    await rows.filter({ hasText: 'Completed' }).nth(1).waitFor()
    await untouched(page)
  },

  async suspend(t) {
    const { page } = t
    await open(t)
    const before = await counted(t)
    await press(page, 'Suspend')
    await is(page, 'Suspended')
    await page.getByText('No job is running').waitFor()
    await press(page, 'Start')
    await is(page, 'Running')
    await recordsRead(page, await recordsRead(page))
    await untouched(page)
    await goesOn(t, before, (await deployment(t)).status.running.jobId)
    await go(page, 'Savepoints')
    await page.getByTestId('savepoint').filter({ hasText: 'Suspend' }).waitFor()
  },

  async reset(t) {
    const { page } = t
    await open(t)
    const before = await counted(t)
    await savepoint(page)
    const job = (await deployment(t)).status.running.jobId
    await page.getByRole('button', { name: 'Reset to this…' }).click()
    await page.getByRole('dialog', { name: 'Reset to this savepoint?' }).waitFor()
    await press(page, 'Reset')
    await page.getByTestId('savepoint').filter({ hasText: 'Copied' }).waitFor()
    await go(page, 'Jobs')
    await page.getByRole('row').filter({ hasText: 'Terminated' }).waitFor()
    await page.getByRole('row').filter({ hasText: 'Started' }).filter({ hasText: 'savepoint-' }).waitFor()
    await is(page, 'Running')
    await go(page, 'Overview')
    await until(page, 'the new job', () => document.querySelector('[data-testid=vertex]') && !document.querySelector('.stale'))
    await recordsRead(page, await recordsRead(page))
    const after = (await deployment(t)).status.running.jobId
    assert.notEqual(after, job)
    await goesOn(t, before, after)
    await untouched(page)
  },

  async fork(t) {
    const { page } = t
    await open(t)
    await savepoint(page)
    await press(page, 'Fork…')
    await page.getByRole('dialog').getByLabel('Name').fill('second')
    await press(page, 'Fork')
    await page.waitForURL(/deployments\/second/)
    await is(page, 'Cancelled')
    await press(page, 'Start')
    await is(page, 'Running')
    await recordsRead(page, await recordsRead(page))
    await go(page, 'Jobs')
    await page.getByRole('row').filter({ hasText: 'Started' }).filter({ hasText: 'savepoint-' }).waitFor()
  },

  // What a change does is seen before it is made; any two revisions are compared; an older one is brought back.
  async edit(t) {
    const { page } = t
    await open(t, 'configuration')
    const script = async () => (await deployment(t)).spec.template.spec.artifact.sqlScript
    const original = await script()
    await write(page, 'Script', original.replace('> 15', '> 16'))
    await press(page, 'Review and save…')
    const plan = page.getByTestId('plan')
    await plan.filter({ hasText: /The job restarts/ }).waitFor()
    await plan.filter({ hasText: /− HAVING .* > 15;/ }).filter({ hasText: /\+ HAVING .* > 16;/ }).waitFor()
    await page.getByTestId('plan-operator').filter({ hasText: 'Kept' }).first().waitFor()
    await press(page, 'Save and upgrade')
    const current = (n) => page.locator(`[data-testid=revision][data-generation="${n}"]`).filter({ hasText: 'current' }).waitFor()
    await current(2)
    await press(page, 'Compare')
    const diff = page.getByTestId('diff')
    await diff.filter({ hasText: /− HAVING .* > 15;/ }).filter({ hasText: /\+ HAVING .* > 16;/ }).waitFor()
    await page.waitForURL(/from=1/)
    await go(page, 'Events')
    await page.getByTestId('event').filter({ hasText: 'upgraded generation 1 → 2' }).waitFor()
    await is(page, 'Running')
    await go(page, 'Configuration')
    await press(page, 'Bring back…')
    await press(page, 'Bring back')
    await current(3)
    assert.equal(await script(), original)
    await page.getByTestId('editor').filter({ hasText: /delays by airline/ }).waitFor()
    await go(page, 'Events')
    await page.getByTestId('event').filter({ hasText: 'upgraded generation 2 → 3' }).waitFor()
    await untouched(page)
  },

  async events(t) {
    const { page } = t
    await open(t, 'events')
    const events = page.getByTestId('event')
    await events.filter({ hasText: 'JOB_SUCCESSFULLY_STARTED' }).waitFor()
    await events.filter({ hasText: 'CREATING_A_NEW_JOB' }).filter({ hasText: 'parallelism 1' }).waitFor()
    await press(page, 'Savepoint')
    await events.filter({ hasText: 'TRANSITIONED_TO_COMPLETED' }).waitFor()
    await untouched(page)
    await page.getByLabel('Filter events').fill('successfully_started')
    await until(page, 'one event', () => document.querySelectorAll('[data-testid=event]').length === 1)
    await page.getByLabel('Filter events').fill('no such thing')
    await page.getByText('has “no such thing”').waitFor()
  },

  // What is refused says why, and what was typed stays.
  async failure(t) {
    const { page } = t
    await open(t)
    await savepoint(page)
    await press(page, 'Fork…')
    await page.getByRole('dialog').getByLabel('Name').fill(name)
    await press(page, 'Fork')
    const alert = page.getByRole('alert')
    await alert.filter({ hasText: name }).filter({ hasText: /exist|taken|used/ }).waitFor()
    await press(page, 'Dismiss')
    await alert.waitFor({ state: 'detached' })
    await page.goto(`${home(t.url)}/nothing-of-that-name`)
    await alert.filter({ hasText: 'nothing-of-that-name' }).waitFor()
  },

  // A script that cannot run is told where it is wrong, and does not get as far as the job.
  async badScript(t) {
    const { page } = t
    await open(t, 'configuration')
    await write(page, 'Script', 'INSERT INTO nowhere SELECT 1')
    await page.getByTestId('sql-problem').filter({ hasText: /Line 1: Cannot find table .*nowhere/ }).waitFor()
    await press(page, 'Review and save…')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('alert').filter({ hasText: /Cannot find table .*nowhere/ }).waitFor()
    assert.equal(await dialog.getByRole('button', { name: 'Save', exact: true }).isDisabled(), true)
    await press(page, 'Cancel')
    await press(page, 'Discard')
    await page.getByTestId('editor').filter({ hasText: /delays by airline/ }).waitFor()
    await go(page, 'Overview')
    await is(page, 'Running')
    await recordsRead(page, await recordsRead(page))
  },

  // A job that fails again and again is not shown as one that runs well.
  async failing(t) {
    const { page, url } = t
    // It runs for a second before the row that fails, so that it is seen to run.
    const sqlScript = `CREATE TEMPORARY TABLE n (i INT) WITH ('connector' = 'datagen', 'rows-per-second' = '50',
        'fields.i.kind' = 'sequence', 'fields.i.start' = '1', 'fields.i.end' = '1000000');
      CREATE TEMPORARY TABLE p (i INT) WITH ('connector' = 'print');
      INSERT INTO p SELECT CAST(CASE WHEN i > 50 THEN 'x' ELSE '1' END AS INT) FROM n;`
    await page.goto(url)
    await api(t, '/api/v1/namespaces/default/deployments', {
      kind: 'Deployment', apiVersion: 'v1', metadata: { name: 'failing' },
      spec: { state: 'RUNNING', deploymentTargetName: 'local', template: { spec: { parallelism: 1, artifact: { kind: 'SQLSCRIPT', sqlScript } } } },
    })
    const row = page.getByTestId('deployment').filter({ hasText: 'Running, job failing' }).filter({ hasText: 'invalid character' })
    await row.getByRole('link').click()
    await is(page, 'Running, job failing')
    await page.getByTestId('trouble').filter({ hasText: 'invalid character' }).waitFor()
  },

  async away(t) {
    const { page, ask } = t
    await open(t)
    await recordsRead(page)
    await ask('kill')
    await page.getByRole('status').filter({ hasText: 'does not answer' }).waitFor()
    await press(page, 'Savepoint')
    await page.getByRole('alert').filter({ hasText: 'cannot be reached' }).first().waitFor()
    await ask('start')
    await page.getByRole('status').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await is(page, 'Running')
    await recordsRead(page, await recordsRead(page))
    await page.getByRole('button', { name: 'Savepoint', exact: true, disabled: false }).click()
    await go(page, 'Savepoints')
    await page.getByTestId('savepoint').filter({ hasText: 'Completed' }).waitFor()
    await untouched(page)
  },

  async empty({ page, url }) {
    await page.goto(url)
    await page.getByText('No deployments yet').waitFor()
  },

  // Nothing is wider than a telephone; the words can be read in light and dark.
  async small(t) {
    const { page, url } = t
    await open(t)
    await savepoint(page)
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width: 390, height: 800 })
      for (const tab of ['overview', 'configuration', 'savepoints', 'jobs', 'events', 'logs', 'metrics', 'state', 'doctor', 'autopilot']) {
        await page.goto(`${home(url)}/${name}/detail/${tab}`)
        await page.locator({ overview: '[data-testid=output-row]', configuration: '[data-testid=revision]', savepoints: '[data-testid=savepoint]', jobs: 'tbody tr', events: '[data-testid=event]', logs: '[data-testid=log-line]', metrics: '[data-testid=chart] canvas', state: '[data-testid=operator-state]', doctor: '[data-testid=checked]', autopilot: '[aria-label=Mode]' }[tab]).first().waitFor()
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert.ok(wide <= 0, `${tab} is ${wide} px wider than the screen`)
        assert.deepEqual(await page.evaluate(pale), [], `${tab}, ${colorScheme}`)
      }
      await page.goto(home(url))
      await page.getByTestId('deployment').waitFor()
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, 'the list is too wide')
    }
  },
}

/** Runs in the page: texts whose contrast to what is behind them is less than 4.5. */
function pale() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = color
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const luminance = (c) => {
    const [r, g, b] = c.map((v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor)
      if (c[3] === 255) return c
    }
    return [255, 255, 255, 255]
  }
  const bad = new Set()
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (words.nextNode()) {
    const e = words.currentNode.parentElement
    if (!words.currentNode.textContent.trim() || !e.checkVisibility() || e.closest('button:disabled, .stale, title, script, style')) continue
    const style = getComputedStyle(e)
    const color = rgba(e instanceof SVGElement ? style.fill : style.color)
    const [a, b] = [luminance(color), luminance(behind(e))].sort((x, y) => y - x)
    const contrast = (a + 0.05) / (b + 0.05)
    if (contrast < 4.5) bad.add(`${contrast.toFixed(2)}: ${words.currentNode.textContent.trim().slice(0, 40)}`)
  }
  return [...bad]
}
