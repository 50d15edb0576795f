// Measures the list of deployments with 500 of them and 20 changes a second:
//   weir server --data $(mktemp -d) --listen 127.0.0.1:9000 &  node many.mjs http://127.0.0.1:9000
// It prints when the list was there, the longest frame while it was scrolled, and the memory before and after.
import { createRequire } from 'node:module'

const { chromium } = createRequire(new URL('../../../web/package.json', import.meta.url))('playwright-core')
const url = process.argv[2]
const all = `${url}/api/v1/namespaces/default/deployments`
const send = (method, path, body) => fetch(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
const name = (i) => `many-${String(i).padStart(3, '0')}`
const sqlScript = "CREATE TEMPORARY TABLE a (i INT) WITH ('connector' = 'datagen');\nCREATE TEMPORARY TABLE b (i INT) WITH ('connector' = 'blackhole');\nINSERT INTO b SELECT i FROM a;"
for (let i = 0; i < 500; i += 10)
  await Promise.all(Array.from({ length: 10 }, (_, k) => send('POST', all, { metadata: { name: name(i + k), labels: { team: `t${k}` } }, spec: { state: 'CANCELLED', template: { spec: { artifact: { kind: 'SQLSCRIPT', sqlScript } } } } })))

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--js-flags=--expose-gc'] })
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
let changes = 0
const timer = setInterval(() => void send('PATCH', `${all}/${name(changes++ % 500)}`, { metadata: { labels: { n: String(changes) } } }), 50)
await page.goto(`${url}/app/#/namespaces/default/deployments`)
await page.getByTestId('deployment').nth(5).waitFor()
const there = await page.evaluate(() => Math.round(performance.now()))
const memory = () => page.evaluate(() => { globalThis.gc?.(); return Math.round(performance.memory.usedJSHeapSize / 1e6) })
const before = await memory()
const frames = await page.evaluate(async () => {
  let longest = 0
  let slow = 0
  let count = 0
  let last = performance.now()
  const end = last + 20_000
  while (last < end) {
    await new Promise(requestAnimationFrame)
    const now = performance.now()
    longest = Math.max(longest, now - last)
    slow += now - last > 100 ? 1 : 0
    count++
    last = now
    scrollBy(0, Math.floor(now / 3000) % 2 ? 40 : -40)
  }
  return { longest: Math.round(longest), slow, count }
})
console.log(JSON.stringify({ listThereAfterMs: there, drawnRows: await page.getByTestId('deployment').count(), changes, ...frames, heapBeforeMB: before, heapAfterMB: await memory() }))
clearInterval(timer)
await browser.close()
