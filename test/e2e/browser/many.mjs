// Measures the list of deployments with 500 of them and 20 changes a second:
//   weir server --data $(mktemp -d) --listen 127.0.0.1:9000 &  node many.mjs http://127.0.0.1:9000 [MINUTES]
// It prints, as one line of JSON: when the list was there and answered to a key; frames while it was scrolled (the longest, and how many took
// more than 100 ms); what a change costs the page in script, style and layout (CPU time, which a busy machine does not change much); and the
// heap after each minute, garbage collected. Status 1: one of the limits was passed. Frames count only on a machine that is idle.
import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'

const { chromium } = createRequire(new URL('../../../web/package.json', import.meta.url))('playwright-core')
const url = process.argv[2]
const minutes = Number(process.argv[3] ?? 1)
const all = `${url}/api/v1/namespaces/default/deployments`
const send = async (method, path, body) => {
  const r = await fetch(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  await r.arrayBuffer()
  return r.ok
}
const name = (i) => `many-${String(i).padStart(3, '0')}`
const sqlScript = "CREATE TEMPORARY TABLE a (i INT) WITH ('connector' = 'datagen');\nCREATE TEMPORARY TABLE b (i INT) WITH ('connector' = 'blackhole');\nINSERT INTO b SELECT i FROM a;"
for (let i = 0; i < 500; i += 10)
  await Promise.all(Array.from({ length: 10 }, (_, k) => send('POST', all, { metadata: { name: name(i + k), labels: { team: `t${k}` } }, spec: { state: 'CANCELLED', template: { spec: { artifact: { kind: 'SQLSCRIPT', sqlScript } } } } })))

const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((c) => c && existsSync(c))
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--js-flags=--expose-gc', '--enable-precise-memory-info'] })
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
const cdp = await page.context().newCDPSession(page)
await cdp.send('Performance.enable', { timeDomain: 'threadTicks' }) // CPU time, not that of the clock
const spent = async () => Object.fromEntries((await cdp.send('Performance.getMetrics')).metrics.filter((m) => /^(Script|Layout|RecalcStyle|Task)Duration$/.test(m.name)).map((m) => [m.name, m.value * 1000]))
let changes = 0
let refused = 0
const timer = setInterval(() => void send('PATCH', `${all}/${name((changes++ * 7) % 500)}`, { metadata: { labels: { team: `t${changes % 10}`, n: String(changes % 5) } } }).then((ok) => (refused += ok ? 0 : 1)), 50)

await page.goto(`${url}/app/#/namespaces/default/deployments`)
await page.getByTestId('deployment').nth(5).waitFor()
const there = await page.evaluate(() => Math.round(performance.now()))
// A key in the filter, and the list that answers to it.
const answered = await page.evaluate(async () => {
  const filter = document.querySelector('input.filter')
  const began = performance.now()
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(filter, 'many-49')
  filter.dispatchEvent(new Event('input', { bubbles: true }))
  while (document.querySelectorAll('[data-testid=deployment]').length !== 10) await new Promise((done) => setTimeout(done, 1))
  const took = performance.now() - began
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(filter, '')
  filter.dispatchEvent(new Event('input', { bubbles: true }))
  return Math.round(took)
})
await page.getByTestId('deployment').nth(12).waitFor()

const memory = () => page.evaluate(() => { globalThis.gc?.(); globalThis.gc?.(); return Math.round(performance.memory.usedJSHeapSize / 1e5) / 10 })
// What changes cost while the page stands still.
const [quiet, at] = [await spent(), changes]
await page.waitForTimeout(15_000)
const [now, n] = [await spent(), changes - at]
const perChange = Object.fromEntries(Object.keys(now).map((k) => [k.replace('Duration', ''), Math.round(((now[k] - quiet[k]) / n) * 100) / 100]))

const frames = { longestMs: 0, over100ms: 0, count: 0 }
const heap = [await memory()]
for (let m = 0; m < minutes; m++) {
  const part = await page.evaluate(async () => {
    let [longest, slow, count, last] = [0, 0, 0, performance.now()]
    const end = last + 60_000
    while (last < end) {
      await new Promise(requestAnimationFrame)
      const now = performance.now()
      longest = Math.max(longest, now - last)
      slow += now - last > 100 ? 1 : 0
      count++
      last = now
      scrollBy(0, Math.floor(now / 3000) % 2 ? 40 : -40)
    }
    return { longest, slow, count }
  })
  frames.longestMs = Math.max(frames.longestMs, Math.round(part.longest))
  frames.over100ms += part.slow
  frames.count += part.count
  heap.push(await memory())
}
clearInterval(timer)
const grown = heap.at(-1) - heap[Math.min(1, heap.length - 1)]
const passed = there < 1000 && answered < 1000 && frames.over100ms === 0 && grown < 8
console.log(JSON.stringify({ passed, listThereAfterMs: there, filterAnsweredAfterMs: answered, drawnRows: await page.getByTestId('deployment').count(), changes, refused, cpuMsPerChange: perChange, frames, heapMB: heap }))
await browser.close()
process.exit(passed ? 0 : 1)
