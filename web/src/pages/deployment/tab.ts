// What every tab of a deployment's page is given.
import type { Deployment } from '../../api/client'
import type { useActions } from '../../api/deployments'

export interface TabProps {
  ns: string
  d: Deployment
  actions: ReturnType<typeof useActions>
}
