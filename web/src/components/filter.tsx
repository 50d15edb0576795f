// What a page is filtered by. Its text is in the address, which is a moment behind the keys: so the input keeps its own, and takes that of the
// address only while nobody types.
import { useEffect, useRef } from 'react'

export function Filter({ label, placeholder = label, value, onChange }: { label: string; placeholder?: string; value: string; onChange: (value: string) => void }) {
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const e = input.current
    if (e && e.value !== value && document.activeElement !== e) e.value = value
  }, [value])
  return <input ref={input} className="filter" type="search" placeholder={placeholder} aria-label={label} defaultValue={value} onChange={(e) => onChange(e.target.value)} />
}
