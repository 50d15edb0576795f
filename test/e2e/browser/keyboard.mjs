// A keyboard for scenarios, and a record of what it did. Every control that a page offers is noted with the place where it stands, and so is
// every one that was used by a key; a control of many alike (the rows of a table, the columns to sort by) counts as one.
import assert from 'node:assert/strict'

const wait = (ms) => new Promise((done) => setTimeout(done, ms))

/** Runs in the page before anything of it: tells what is offered, what was used, and whether a mouse was. */
function watch() {
  // What stands on many pages or in many rows, by the one name under which it counts.
  const alike = [
    ['th .sort', 'a table: sort'], ['td.tick input', 'a table: select a row'], ['th.tick input', 'a table: select all'], ['.foot [aria-haspopup]', 'a table: Export'], ['summary', 'unfold'], ['[data-testid=vertex]', 'the graph: an operator'],
    ['[data-testid=state-table] td button', 'a savepoint: a table of it'], ['.outcomes button', 'SQL: a statement that was run'], ['.script-tab button', 'SQL: an open script'],
    ['.verdict button', 'SQL: the mistake'], ['.toast button', 'a message: Undo, dismiss'], ['.pair .plain[aria-label^=Remove]', 'pairs: Remove'],
    ['.pairs > button', 'pairs: Add'], ['dialog .actions > button[type=button]', 'a dialog: Cancel'], ['dialog.panel > .title > button:last-child', 'a panel: Close'],
    ['[data-testid=item] .actions button', 'connectors: Unregister…'], ['.failure .plain', 'a mistake: try again, copy, dismiss'],
  ]
  const controls = 'button, a.button, [role^=menuitem], summary, select, textarea, input:not([type=hidden], [type=file]), .cm-content[contenteditable=true]'
  const plain = (text) => text.replace('✓', '').replace(/\b[\w.-]+=[\w.-]+/g, 'LABEL').replace(/\bkey[-_][\w-]*/gi, 'NAME').replace(/^Namespace \S+/, 'Namespace').replace(/[\d\u202f.,]*\d/g, 'N').replace(/\s+/g, ' ').trim()
  const own = (e) => plain(e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText?.split('\n')[0] ?? e.textContent)
  const nameOf = (e) => {
    const known = alike.find(([selector]) => e.matches(selector))
    if (known) return known[1]
    const group = e.closest('.segments')
    const name = group ? `one of ${group.getAttribute('aria-label')}` : own(e)
    if (e.matches('button.plain') && /^(Copy|Copied|Copy (the line|N lines))$/.test(name)) return 'Copy'
    const dialog = e.closest('dialog')
    if (dialog) return `dialog “${plain(dialog.getAttribute('aria-label') ?? '')}”: ${name}`
    const menu = e.closest('.menu')
    if (menu) {
      const title = plain(menu.querySelector('[role=menu]')?.getAttribute('aria-label') ?? '')
      return `menu “${title}”: ${title === 'Namespace' && !name.endsWith('…') ? 'NAME' : name}`
    }
    if (e.closest('header.top')) return `frame: ${name}`
    // What is on the page says which it is: the address is a moment ahead of it.
    const tabs = document.querySelector('nav.tabs')
    const tab = e.closest('main section > .title') ? '' : (tabs?.querySelector('[aria-current=page]')?.textContent ?? '')
    return `${tabs ? `${tabs.getAttribute('aria-label').replace('Views of the ', '')} ${tab}`.trim() : plain(document.title.split(' · ')[0])}: ${name}`
  }
  const told = new Set()
  const tell = (what, e) => {
    const name = nameOf(e)
    if (told.has(what + name)) return
    told.add(what + name)
    void window.weirTold(what, name)
  }
  // Texts are written where they are needed; what must be used is what does something.
  const does = (e) => !e.matches('textarea, .cm-content') && !(e.matches('select') && e.options.length < 2) && (!e.matches('input') || /^(checkbox|radio|search)$/.test(e.type))
  const look = () => {
    if (!location.pathname.startsWith('/app')) return // the contract, Flink's own UI
    for (const e of document.querySelectorAll(controls)) {
      if (does(e) && !e.matches(':disabled, [aria-disabled=true]') && e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0) tell('offered', e)
    }
  }
  let soon = 0
  new MutationObserver(() => { soon ||= setTimeout(() => { soon = 0; look() }, 60) }).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled', 'open', 'hidden', 'aria-disabled'] })
  const used = (e) => {
    const control = e.target instanceof Element ? e.target.closest(controls) : null
    if (control && e.isTrusted && location.pathname.startsWith('/app')) tell('used', control)
  }
  for (const kind of ['click', 'input']) document.addEventListener(kind, used, true)
  document.addEventListener('toggle', (e) => e.target.tagName === 'DIALOG' || look(), true)
  document.addEventListener('pointerdown', (e) => e.isTrusted && window.weirTold('mouse', nameOf(e.target.closest(controls) ?? e.target)), true)
}

/** A keyboard, which is all that a scenario has. At the end `done` says what was offered and used. */
export async function keyboard({ page }) {
  const record = { offered: new Set(), used: new Set() }
  let mouse
  await page.exposeFunction('weirTold', (what, name) => {
    if (what === 'mouse') mouse = name
    else record[what].add(name)
  })
  await page.addInitScript(watch)
  const keys = page.keyboard
  const find = (x) => (typeof x === 'string' ? page.getByRole('button', { name: x, exact: true }).first() : x)

  /** Goes to a control with Tab, or with Shift and Tab where it stands before. */
  async function to(target) {
    const at = find(target)
    await at.waitFor()
    let way = 'Tab' // also from where an editor was left, which has no focus then
    for (let n = 0, waits = 0; n < 500;) {
      const now = await at.evaluate((e, way) => {
        const a = document.activeElement
        if (a === e) return 'there'
        if (e.matches(':disabled')) return 'not yet'
        return a && a !== document.body ? (a.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING ? 'Shift+Tab' : 'Tab') : way
      }, way)
      if (now === 'there') return at
      if (now === 'not yet') {
        if (waits++ > 600) throw new Error(`it cannot be pressed: ${at}`)
        await wait(100)
        continue
      }
      n++
      way = now
      if (await page.evaluate(() => document.activeElement?.isContentEditable)) await keys.press('Escape') // so one leaves an editor
      await keys.press(now)
    }
    throw new Error(`no key leads to ${at}`)
  }
  async function press(target, key = 'Enter') {
    await to(target)
    await keys.press(key)
  }
  /** Ticks or unticks. */
  const tick = (target) => press(typeof target === 'string' ? page.getByRole('checkbox', { name: target, exact: true }).first() : target, 'Space')
  async function write(target, text) {
    await to(typeof target === 'string' ? page.getByRole('textbox', { name: target, exact: true }).or(page.getByRole('spinbutton', { name: target, exact: true })).or(page.getByRole('searchbox', { name: target, exact: true })).or(page.getByRole('combobox', { name: target, exact: true }).and(page.locator('input'))).first() : target)
    await keys.press('Control+a')
    if (text === '') await keys.press('Delete')
    else await keys.insertText(text)
  }
  /** Chooses by the arrows. */
  async function choose(target, option) {
    const at = await to(typeof target === 'string' ? page.getByRole('combobox', { name: target, exact: true }).and(page.locator('select')).first() : target)
    for (let n = 0; n < 60; n++) {
      const way = await at.evaluate((e, want) => {
        const i = [...e.options].findIndex((o) => o.text === want || o.text.startsWith(`${want} `) || o.value === want)
        return i < 0 ? 'none' : Math.sign(i - e.selectedIndex)
      }, option)
      if (way === 0) return
      if (way === 'none') await wait(100)
      else await keys.press(way > 0 ? 'ArrowDown' : 'ArrowUp')
    }
    throw new Error(`${at} never was ${option}`)
  }
  /** Opens a menu and takes an item of it. */
  async function menu(button, item) {
    await press(button)
    const is = typeof item === 'string' ? (text) => text.startsWith(item) : (text) => item.test(text)
    for (let n = 0; n < 60; n++) {
      const { role, text } = await page.evaluate(() => ({ role: document.activeElement?.getAttribute('role') ?? '', text: document.activeElement?.textContent?.replace('✓', '').trim() ?? '' }))
      if (role.startsWith('menuitem') && is(text)) return keys.press('Enter')
      await keys.press('ArrowDown')
    }
    throw new Error(`the menu ${button} has no ${item}`)
  }
  /** g and the letter of a page. */
  async function go(letter, seen) {
    for (let n = 0; n < 20 && (await page.evaluate(() => { const a = document.activeElement; return a?.isContentEditable ? 2 : /^(INPUT|TEXTAREA|SELECT)$/.test(a?.tagName ?? '') ? 1 : 0 })) > 0; n++)
      await keys.press((await page.evaluate(() => document.activeElement.isContentEditable)) ? 'Escape' : 'Tab')
    await page.waitForFunction(() => !document.querySelector('dialog[open]')) // a dialog has the keys for itself
    await Promise.all([keys.press('g'), keys.press(letter)]) // at once, as a busy machine would make it two presses of their own
    if (seen) await page.waitForURL(seen)
  }
  /** Opens an address, as one writes it into the browser. */
  async function open(address) {
    await page.goto(address)
    await page.locator('main h1').first().waitFor()
  }
  function done() {
    assert.equal(mouse, undefined, 'a mouse was used')
    for (const [what, names] of Object.entries(record)) for (const name of names) console.log(`${what} ${name}`)
  }
  return { keys, to, press, tick, write, choose, menu, go, open, done }
}
