// The one place that fetches. Errors carry the server's words.
import type { components } from './schema'

export type Schema = components['schemas']
export type Deployment = Schema['Deployment']
export type Job = Schema['Job']
export type Savepoint = Schema['Savepoint']
export type Event = Schema['Event']
export type Revision = Schema['Revision']

export class ApiError extends Error {
  constructor(readonly status: number, message: string, readonly details: string[]) {
    super(message)
  }
}

interface Problem {
  message?: string
  description?: string
  validationErrors?: { attribute?: string; message?: string }[]
}

export async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  } catch {
    throw new ApiError(0, 'The server cannot be reached. Is weir running?', [])
  }
  const text = await response.text()
  let data: unknown
  try {
    data = text === '' ? undefined : JSON.parse(text)
  } catch {
    data = undefined
  }
  if (!response.ok) {
    const p = (data ?? {}) as Problem
    const message = p.message ?? p.description ?? `${response.status} ${response.statusText}`
    throw new ApiError(response.status, message, (p.validationErrors ?? []).map((v) => `${v.attribute}: ${v.message}`))
  }
  return data as T
}

export function namespacePath(ns: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(ns)}`
}
