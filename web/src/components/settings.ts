// What a person sets in this browser: colours and time zone. Kept in local storage.
import { useSyncExternalStore } from 'react'

export interface Settings {
  theme: 'system' | 'light' | 'dark'
  zone: 'local' | 'utc'
}

const standard: Settings = { theme: 'system', zone: 'local' }
const key = 'weir.settings'
const readers = new Set<() => void>()
let settings = read()

function read(): Settings {
  try {
    return { ...standard, ...(JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Settings>) }
  } catch {
    return standard
  }
}

function show() {
  document.documentElement.dataset['theme'] = settings.theme
}
show()

export function set(change: Partial<Settings>) {
  settings = { ...settings, ...change }
  try {
    localStorage.setItem(key, JSON.stringify(settings))
  } catch {
    // A browser that keeps nothing forgets it with the page.
  }
  show()
  readers.forEach((r) => r())
}

function listen(reader: () => void) {
  readers.add(reader)
  return () => void readers.delete(reader)
}

export function useSettings(): Settings {
  return useSyncExternalStore(listen, () => settings)
}
