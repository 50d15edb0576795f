import { Empty, Head } from '../../components/bits'

export function Component() {
  return (
    <section>
      <title>Status · weir</title>
      <Head title="Status" />
      <Empty title="Not in the web interface of this build"><code>weir help</code> and the API (<a href="/swagger">Swagger</a>) have it.</Empty>
    </section>
  )
}
