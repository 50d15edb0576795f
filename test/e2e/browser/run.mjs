// Plays one scenario in a Chromium: node run.mjs SCENARIO URL. It ends with
// status 0 if all was seen. While it runs it can ask the test that started it
// for something: a line "ask WHAT" on standard output, a line as the answer.
import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { flink } from './flink.mjs'
import { keys } from './keys.mjs'
import { pictures } from './pictures.mjs'
import { platform } from './platform.mjs'
import { scenarios as ofDeployments } from './scenarios.mjs'
import { trouble } from './trouble.mjs'
import { use } from './use.mjs'

const scenarios = { ...ofDeployments, ...flink, ...platform, ...use, ...trouble, ...keys, pictures }

const { chromium } = createRequire(new URL('../../../web/package.json', import.meta.url))('playwright-core')
const [scenario, url] = process.argv.slice(2)

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
async function ask(what) {
  console.log(`ask ${what}`)
  const { done, value } = await answers.next()
  if (done) throw new Error(`nobody answers to ${what}`)
  return value
}

const found = [process.env.CHROMIUM, '/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/google-chrome'].find((c) => c && existsSync(c))
if (!found) {
  console.error('no Chromium: run test/e2e/setup, or name one by CHROMIUM')
  process.exit(1)
}

const browser = await chromium.launch({ executablePath: found, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'] })
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
page.setDefaultTimeout(Number(process.env.PATIENCE ?? 120_000)) // only a hang takes so long
const errors = []
page.on('pageerror', (e) => errors.push(e.stack ?? e.message))
// What our pages say (Flink's own UI says what it wants); what the browser says of answers that are errors is no mistake of the page.
page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !page.url().includes('/flink-ui/') && !/^Failed to load resource|net::ERR_/.test(m.text()) && errors.push(`console ${m.type()}: ${m.text()}`))
try {
  const play = scenarios[scenario]
  if (!play) throw new Error(`no scenario ${scenario}; there are ${Object.keys(scenarios).join(', ')}`)
  await play({ page, url, ask })
  if (errors.length > 0) throw new Error('the page threw, or complained')
} catch (e) {
  console.error(e)
  errors.forEach((t) => console.error('of the page:', t))
  console.error(`--- ${page.url()}\n${await page.locator('body').innerText().catch(() => 'no page')}`)
  process.exitCode = 1
} finally {
  await browser.close()
  process.stdin.destroy()
}
