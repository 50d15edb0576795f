// Artifacts: JARs and other files that jobs run.
import '../../components/places.css'
import { useRef, useState, type DragEvent } from 'react'
import { useParams } from 'react-router'
import { useArtifacts, type ArtifactFile } from '../../api/platform'
import { Head, Loading, Message } from '../../components/bits'
import { Copy } from '../../components/code'
import { Dialog } from '../../components/dialog'
import { ErrorBox } from '../../components/error'
import { Table, type Column } from '../../components/table'
import { Ago } from '../../components/time'
import { toast } from '../../components/toast'
import { bytes } from '../../lib/format'

interface Sending {
  id: number
  name: string
  size: number
  share: number
  error?: Error
  stop: AbortController
}

let last = 0

export function Component() {
  const { ns = 'default' } = useParams()
  const { list, upload, remove } = useArtifacts(ns)
  const [sending, setSending] = useState<Sending[]>([])
  const [over, setOver] = useState(false)
  const [deleting, setDeleting] = useState<ArtifactFile>()
  const [replacing, setReplacing] = useState<File[]>()
  const chooser = useRef<HTMLInputElement>(null)
  const change = (id: number, to: Partial<Sending>) => setSending((all) => all.map((s) => (s.id === id ? { ...s, ...to } : s)))
  const send = async (files: File[]) => {
    for (const file of files) {
      const s: Sending = { id: ++last, name: file.name, size: file.size, share: 0, stop: new AbortController() }
      setSending((all) => [...all, s])
      try {
        await upload.mutateAsync({ file, signal: s.stop.signal, onProgress: (share) => change(s.id, { share }) })
        setSending((all) => all.filter((x) => x.id !== s.id))
        toast(`${file.name} is stored`)
      } catch (e) {
        change(s.id, { error: e as Error })
      }
    }
  }
  const choose = (files: File[]) => {
    const known = new Set(list.data?.map((a) => a.filename))
    if (files.some((f) => known.has(f.name))) setReplacing(files)
    else void send(files)
  }
  const drop = (e: DragEvent) => {
    e.preventDefault()
    setOver(false)
    choose([...e.dataTransfer.files])
  }
  const columns: Column<ArtifactFile>[] = [
    { key: 'name', title: 'File', value: (a) => a.filename, cell: (a) => <b>{a.filename}</b> },
    { key: 'size', title: 'Size', number: true, value: (a) => a.size, cell: (a) => (a.size === undefined ? '–' : bytes(a.size)) },
    { key: 'uri', title: 'URI', value: (a) => a.uri, cell: (a) => <><span className="mono small"><Message text={a.uri} /></span> <Copy text={a.uri} label="Copy URI" /></> },
    { key: 'created', title: 'Stored', value: (a) => a.createTime, cell: (a) => <Ago at={a.createTime} /> },
    { key: 'do', title: '', className: 'row-actions', cell: (a) => <button onClick={() => { remove.reset(); setDeleting(a) }}>Delete…</button> },
  ]
  return (
    <section onDragOver={(e) => { e.preventDefault(); setOver(true) }} onDragLeave={(e) => e.currentTarget === e.target && setOver(false)} onDrop={drop} className={over ? 'dropping' : ''}>
      <title>Artifacts · weir</title>
      <Head title="Artifacts"><button className="primary" onClick={() => chooser.current?.click()}>Upload…</button></Head>
      <input ref={chooser} type="file" multiple hidden aria-label="Files to upload" data-testid="files" onChange={(e) => { choose([...(e.target.files ?? [])]); e.target.value = '' }} />
      <p className="quiet about">Files that deployments run or need: JARs for Flink, WebAssembly functions, Python programs. A deployment names one by its URI.</p>
      <button type="button" className="drop" onClick={() => chooser.current?.click()}>{over ? 'Let go to upload' : 'Drop files here, or press to choose'}</button>
      {sending.map((s) => (
        <div key={s.id} className="sending" data-testid="sending">
          <span><b>{s.name}</b> <span className="quiet">{bytes(s.size)}</span></span>
          {s.error ? <span className="state bad">✕ {s.error.message}</span> : <><progress aria-label={`Upload of ${s.name}`} value={s.share} max={1} /><span className="number">{s.share >= 1 ? 'is stored …' : `${Math.floor(s.share * 100)} %`}</span></>}
          <button className="plain" onClick={() => { s.stop.abort(); setSending((all) => all.filter((x) => x.id !== s.id)) }}>{s.error ? 'Dismiss' : 'Stop'}</button>
        </div>
      ))}
      <ErrorBox error={list.error} onRetry={() => void list.refetch()} />
      {list.isPending && <Loading what="the artifacts" />}
      {list.data && list.data.length > 0 && <Table label="Artifacts" columns={columns} rows={list.data} id={(a) => a.uri} testid="artifact" />}
      {list.data?.length === 0 && <p className="quiet">Nothing is stored in namespace {ns} yet. SQL deployments need no artifact.</p>}
      {replacing && (
        <Dialog title="Replace files?" confirm="Replace" danger onClose={() => setReplacing(undefined)} onConfirm={() => { void send(replacing); setReplacing(undefined) }}>
          <p>There are files of these names already: {replacing.filter((f) => list.data?.some((a) => a.filename === f.name)).map((f) => f.name).join(', ')}. Deployments get the new file when they start the next time.</p>
        </Dialog>
      )}
      {deleting && (
        <Dialog title={`Delete ${deleting.filename}?`} confirm="Delete" danger disabled={remove.isPending} onClose={() => setDeleting(undefined)}
          onConfirm={() => remove.mutate(deleting.filename, { onSuccess: () => { toast(`${deleting.filename} is deleted`); setDeleting(undefined) } })}>
          <ErrorBox error={remove.error} />
          <p>The file is gone for good. Deployments that name it cannot start again.</p>
        </Dialog>
      )}
    </section>
  )
}
