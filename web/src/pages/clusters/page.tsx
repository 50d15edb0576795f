// Session clusters: clusters that several deployments share. A list, and one of them.
import { useParams } from 'react-router'
import '../../components/places.css'
import { ClusterList } from './list'
import { OneCluster } from './one'

export function Component() {
  const { ns = 'default', ref, tab = 'overview' } = useParams()
  return ref === undefined ? <ClusterList ns={ns} /> : <OneCluster key={ref} ns={ns} name={ref} tab={tab} />
}
