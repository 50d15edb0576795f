// The one place that fetches. Errors carry the server's words.
import { asked } from './health'
import type { components } from './schema'

export type Schema = components['schemas']
export type Deployment = Schema['Deployment']
export type Job = Schema['Job']
export type Savepoint = Schema['Savepoint']
export type Event = Schema['Event']
export type Revision = Schema['Revision']

export class ApiError extends Error {
  /** `fields` says which fields of what was sent are wrong. */
  constructor(readonly status: number, message: string, readonly details: string[], readonly fields: { attribute: string; message: string }[] = []) {
    super(message)
  }
}

interface Problem {
  message?: string
  description?: string
  validationErrors?: { attribute?: string; message?: string }[]
  errors?: { attribute?: string; message?: string }[]
}

/** Sends a request. The answer is JSON unless another form is asked for, which is given as it is. */
export async function request<T>(method: string, path: string, body?: unknown, form = 'application/json'): Promise<T> {
  let response: Response
  const answered = method === 'GET' ? asked(path) : () => {}
  try {
    response = await fetch(path, {
      method,
      headers: { accept: form, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  } catch {
    answered(0)
    throw new ApiError(0, 'The server cannot be reached. Is weir running?', [])
  }
  const text = await response.text().finally(() => answered(response.status))
  let data: unknown
  try {
    data = response.ok && form !== 'application/json' ? text : text === '' ? undefined : JSON.parse(text)
  } catch {
    data = undefined
  }
  if (!response.ok) throw problem(response, text)
  return data as T
}

/** Sends a document and takes the JSON documents of the answer, one a line, as they come. It ends when `signal` does, without an error. */
export async function stream<T>(path: string, body: unknown, signal: AbortSignal, take: (line: T) => void): Promise<void> {
  try {
    const response = await fetch(path, {
      method: 'POST', signal, headers: { accept: 'application/x-ndjson, application/json', 'content-type': 'application/json' }, body: JSON.stringify(body),
    })
    if (!response.ok || !response.body) throw problem(response, await response.text())
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let rest = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const lines = (rest + value).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line.trim() !== '') take(JSON.parse(line) as T)
    }
  } catch (e) {
    if (signal.aborted) return
    throw e instanceof ApiError ? e : new ApiError(0, 'The connection to the server was lost.', [])
  }
}

/** Sends a file as a form, and tells how much of it has gone. */
export function upload<T>(path: string, file: File, onProgress: (share: number) => void, signal?: AbortSignal): Promise<T> {
  return new Promise((done, fail) => {
    const r = new XMLHttpRequest()
    const form = new FormData()
    form.append('file', file, file.name)
    r.open('POST', path)
    r.setRequestHeader('accept', 'application/json')
    r.upload.onprogress = (e) => e.lengthComputable && onProgress(e.loaded / e.total)
    r.onerror = () => fail(new ApiError(0, 'The connection to the server was lost; nothing was stored.', []))
    r.onabort = () => fail(new ApiError(0, 'The upload was stopped.', []))
    r.onload = () => {
      if (r.status < 200 || r.status > 299) return fail(problem(r, r.responseText))
      onProgress(1)
      done(JSON.parse(r.responseText) as T)
    }
    signal?.addEventListener('abort', () => r.abort())
    r.send(form)
  })
}

/** An answer that is an error. */
function problem(response: { status: number; statusText: string }, text: string): ApiError {
  let p: Problem = {}
  try {
    p = JSON.parse(text) as Problem
  } catch {
    // not one of ours: the status has to do
  }
  const fields = (p.validationErrors ?? p.errors ?? []).map((v) => ({ attribute: v.attribute ?? '', message: v.message ?? '' }))
  const message = p.message ?? p.description ?? `${response.status} ${response.statusText}`
  const details = fields.map((v) => `${v.attribute}: ${v.message}`).filter((d) => d !== message)
  return new ApiError(response.status, message, details, fields)
}

export function namespacePath(ns: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(ns)}`
}
