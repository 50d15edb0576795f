import { Empty, Head } from '../../components/bits'

export function Component() {
  return (
    <section>
      <title>Targets · weir</title>
      <Head title="Targets" />
      <Empty title="Not in the web interface of this build"><code>weir help</code> and the API (<a href="/swagger">Swagger</a>) have it.</Empty>
    </section>
  )
}
