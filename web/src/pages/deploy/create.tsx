import { Empty, Head } from '../../components/bits'

export function Component() {
  return (
    <section>
      <title>Create a deployment · weir</title>
      <Head title="Create a deployment" />
      <Empty title="Not in the web interface of this build"><code>weir apply -f deployment.yaml</code> makes one.</Empty>
    </section>
  )
}
