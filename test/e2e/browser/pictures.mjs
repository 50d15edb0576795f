// Pictures of every page for the documentation, in light and in dark: `make screenshots`.
import { api, furnish } from './platform.mjs'
import { shrink } from './png.mjs'

const wait = (ms) => new Promise((done) => setTimeout(done, ms))

// A line a page: the name of the picture, the address, what must be seen first, and what is done before it is taken.
const deployment = 'deployments/flights-delays/detail'
const pages = [
  { name: 'deployments', path: 'deployments', see: '[data-testid=deployment]', phone: true, tall: 640 },
  { name: 'deployment', path: `${deployment}/overview`, see: '[data-testid=output-row]', phone: true, tall: 1200 },
  { name: 'configuration', path: `${deployment}/configuration`, see: 'main h1' },
  { name: 'savepoints', path: `${deployment}/savepoints`, see: '[data-testid=savepoint]' },
  { name: 'jobs', path: `${deployment}/jobs`, see: 'main table' },
  { name: 'events', path: `${deployment}/events`, see: 'main h1' },
  { name: 'logs', path: `${deployment}/logs`, see: 'main h1', tab: 'Logs' },
  { name: 'metrics', path: `${deployment}/metrics`, see: 'main h1', tab: 'Metrics' },
  { name: 'state', path: `${deployment}/state`, see: 'main h1', tab: 'State' },
  { name: 'inside', path: `${deployment}/state`, see: '[data-testid=state-table]', act: inside, tall: 900 },
  { name: 'doctor', path: 'deployments/orders-paid/detail/doctor', see: '[data-testid=finding]', tab: 'Doctor', tall: 900 },
  { name: 'autopilot', path: `${deployment}/autopilot`, see: 'main h1', tab: 'Autopilot' },
  { name: 'create', path: 'deploy', see: 'main h1' },
  { name: 'sql', path: 'sql', see: '.cm-content', act: query },
  { name: 'sql-plan', path: 'sql', see: '.cm-content', act: explain },
  { name: 'connectors', path: 'connectors', see: '[data-testid=item]', act: (page) => page.getByTestId('item').filter({ hasText: 'datagen' }).locator('summary').click() },
  { name: 'clusters', path: 'clusters', see: '[data-testid=cluster]' },
  { name: 'cluster', path: 'clusters/shared', see: '[data-testid=fact]' },
  { name: 'artifacts', path: 'artifacts', see: '[data-testid=artifact]' },
  { name: 'secrets', path: 'secrets', see: '[data-testid=secret]' },
  { name: 'targets', path: 'targets', see: '[data-testid=target]' },
  { name: 'defaults', path: 'defaults', see: 'main pre' },
  { name: 'tokens', path: 'tokens', see: '[data-testid=token]' },
  { name: 'namespaces', path: 'namespaces', see: '[data-testid=namespace]' },
  { name: 'audit', path: 'audit', see: '[data-testid=entry]', phone: true },
  { name: 'status', path: 'status', see: 'main table' },
]

const script = `-- What does each customer spend in ten seconds?
SELECT window_start, customer, COUNT(*) AS orders, SUM(amount) AS spent
FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(placed_at), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, customer;
`

async function write(page, text) {
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+a')
  await page.keyboard.press('Delete')
  await page.keyboard.insertText(text)
  await page.getByTestId('verdict').filter({ hasText: 'in order' }).waitFor()
}

async function query(page) {
  await write(page, script)
  await page.keyboard.press('Control+Enter')
  await page.locator('.branch summary').filter({ hasText: 'orders' }).click()
  await page.locator('.grid [data-testid=row]').nth(8).waitFor()
}

// Rows of the last savepoint: what the demonstration knows of each destination.
async function inside(page) {
  await page.getByTestId('state-table').filter({ hasText: 'GroupAggregate' }).getByRole('button').first().click()
  await page.getByTestId('state-row').nth(3).waitFor()
  await page.getByText('Look inside').scrollIntoViewIfNeeded()
  await page.evaluate(() => document.getElementById('inside').scrollIntoView())
  await page.evaluate(() => scrollBy(0, -64))
}

async function explain(page) {
  await write(page, script)
  await page.getByRole('button', { name: 'Explain' }).click()
  await page.getByTestId('plan-node').first().waitFor()
}

/** Deployments in several states beside the demonstration. */
async function work(t) {
  const ns = '/api/v1/namespaces/default'
  const sql = (name, displayName, script, state = 'RUNNING', more = {}) => api(t, 'POST', `${ns}/deployments`, {
    metadata: { name, displayName, labels: { team: name.split('-')[0] } },
    spec: { state, template: { spec: { parallelism: 1, artifact: { kind: 'SQLSCRIPT', sqlScript: script }, ...more } } },
  })
  const print = "CREATE TEMPORARY TABLE spending (customer STRING, spent DECIMAL(20, 2)) WITH ('connector' = 'print');\n"
  await sql('orders-by-customer', 'Orders by customer', `${print}INSERT INTO spending SELECT customer, SUM(amount) FROM orders GROUP BY customer;\n`)
  await sql('orders-archive', 'Orders archive', "CREATE TEMPORARY TABLE spending WITH ('connector' = 'blackhole') LIKE orders (EXCLUDING ALL);\nINSERT INTO spending SELECT * FROM orders;\n", 'RUNNING', { parallelism: 2 })
  await sql('orders-paid', 'Orders, only large ones', `${print}INSERT INTO spending SELECT customer, amount FROM orders WHERE amount > 5000;\n`)
  await sql('orders-test', 'Orders, a test', `${print}INSERT INTO spending SELECT customer, amount FROM orders;\n`, 'CANCELLED')
  await sql('returns', 'Returns', "CREATE TEMPORARY TABLE returns (id BIGINT) WITH ('connector' = 'filesystem', 'path' = '/nowhere/returns', 'format' = 'csv');\nCREATE TEMPORARY TABLE spending (id BIGINT) WITH ('connector' = 'print');\nINSERT INTO spending SELECT id FROM returns;\n")
  for (const label of ['before the change', 'after it']) {
    const d = await until(async () => {
      const d = await api(t, 'GET', `${ns}/deployments/flights-delays`)
      return d.status?.state === 'RUNNING' ? d : undefined
    })
    const s = await api(t, 'POST', `${ns}/savepoints`, { metadata: { deploymentId: d.metadata.id } })
    await until(async () => ((await api(t, 'GET', `${ns}/savepoints/${s.metadata.id}`)).status?.state === 'COMPLETED' ? true : undefined))
    if (label === 'before the change') {
      await api(t, 'PATCH', `${ns}/deployments/flights-delays`, { spec: { template: { spec: { parallelism: 2 } } } })
      await until(async () => ((await api(t, 'GET', `${ns}/deployments/flights-delays`)).status?.running?.jobId !== d.status.running.jobId ? true : undefined))
    }
  }
}

async function until(read) {
  for (let n = 0; n < 600; n++) {
    const v = await read().catch(() => undefined)
    if (v !== undefined) return v
    await wait(200)
  }
  throw new Error('the platform is not ready for pictures')
}

export async function pictures(t) {
  const { page, url } = t
  const to = process.env.WEIR_PICTURES
  const only = process.env.WEIR_PICTURES_ONLY?.split(',')
  await furnish(t)
  await work(t)
  await page.goto(`${url}/app/#/namespaces/default/deployments`)
  await wait(40_000) // rates
  page.setDefaultTimeout(30_000)
  const missing = []
  for (const p of pages) {
    if (only && !only.includes(p.name)) continue
    const take = async (name, scheme, size) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      await page.setViewportSize(size)
      await page.goto('about:blank')
      await page.goto(`${url}/app/#/namespaces/default/${p.path}`)
      await page.locator(p.see).first().waitFor()
      if (p.tab && (await page.locator('nav.tabs').getByText(p.tab, { exact: true }).count()) === 0) return false
      if (p.act) await p.act(page)
      await page.mouse.move(1, 1)
      await wait(1500)
      await page.screenshot({ path: `${to}/${name}.png` })
      shrink(`${to}/${name}.png`)
      return true
    }
    try {
      if (!(await take(p.name, 'light', { width: 1280, height: p.tall ?? 800 }))) continue
      await take(`${p.name}-dark`, 'dark', { width: 1280, height: p.tall ?? 800 })
      if (p.phone) await take(`${p.name}-phone`, 'light', { width: 390, height: 844 })
      console.log(`${p.name} taken`)
    } catch (e) {
      missing.push(`${p.name}: ${e.message.split('\n')[0]}`)
    }
  }
  if (missing.length > 0) throw new Error(`pictures that could not be taken:\n${missing.join('\n')}`)
}
