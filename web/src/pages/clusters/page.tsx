import { Empty, Head } from '../../components/bits'

export function Component() {
  return (
    <section>
      <title>Session clusters · weir</title>
      <Head title="Session clusters" />
      <Empty title="Not in the web interface of this build"><code>weir help</code> and the API (<a href="/swagger">Swagger</a>) have it.</Empty>
    </section>
  )
}
