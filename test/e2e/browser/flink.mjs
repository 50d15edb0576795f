// Flink's own web UI behind the link of a deployment: what Flink serves of its
// jobs, and the same UI in front of our engine.
import assert from 'node:assert/strict'
import { api } from './platform.mjs'

/** Follows the link of each deployment that runs, and looks at its job as Flink's UI shows it. */
async function flinkUI(t) {
  const { page, url, ask } = t
  const { items } = await api(t, 'GET', '/api/v1/namespaces/default/deployments')
  assert.ok(items.length > 0, 'there are no deployments')
  for (const { metadata: { name } } of items) {
    await page.goto(`${url}/app/#/namespaces/default/deployments/${name}/detail/overview`)
    await page.getByTestId('state').filter({ hasText: 'Running' }).waitFor()
    await page.getByRole('button', { name: /^More/ }).click()
    await page.getByRole('menuitem', { name: 'Flink UI' }).click()
    await page.getByText('Apache Flink Dashboard').first().waitFor()
    await page.getByText('Running Application List').waitFor()
    await picture(t, `flink-ui-${name}-overview`)
    await side(page, 'Running Jobs').click()
    const row = page.locator('flink-job-list').getByText(name, { exact: true })
    await row.waitFor()
    await picture(t, `flink-ui-${name}-jobs`)
    await row.click()
    // Its graph, with a box for each stage, and what has gone through them.
    await page.locator('flink-job-overview svg flink-node, flink-job-overview svg [flink-node], flink-job-overview svg .node').first().waitFor()
    await page.locator('flink-job-overview-list tbody tr').filter({ hasText: 'RUNNING' }).first().waitFor()
    await picture(t, `flink-ui-${name}-job`)
    for (const [tab, seen] of [['Checkpoints', 'Checkpoint Counts'], ['Exceptions', 'Latest'], ['Configuration', 'Execution Configuration'], ['TimeLine', 'Timeline']]) {
      const link = page.locator('flink-navigation').getByText(tab, { exact: true })
      await link.first().click()
      if (tab !== 'TimeLine' && tab !== 'Exceptions') await page.getByText(seen).first().waitFor()
      await picture(t, `flink-ui-${name}-${tab.toLowerCase()}`)
    }
    for (const [menu, seen] of [['Task Managers', 'Free'], ['Job Manager', 'Metrics']]) {
      await side(page, menu).click()
      await page.getByText(seen).first().waitFor()
      await picture(t, `flink-ui-${name}-${menu.toLowerCase().replace(' ', '-')}`)
    }
  }

  async function picture({ page }, file) {
    const folder = await ask('a folder for pictures')
    if (folder) await page.screenshot({ path: `${folder}/${file}.png` })
  }
}

const side = (page, name) => page.locator('nz-sider, .ant-layout-sider').getByText(name, { exact: true })

export const flink = { flinkUI }
