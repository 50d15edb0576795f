// Fields of forms, on the controls of the platform.
import type { HTMLInputTypeAttribute, ReactNode } from 'react'
import { useId } from 'react'

interface Said {
  label: string
  hint?: ReactNode
  error?: string
}

/** A label, a control, what it means, and what is wrong with it. */
export function Field({ label, hint, error, children, id }: Said & { children: ReactNode; id?: string }) {
  return (
    <div className={error ? 'field wrong' : 'field'}>
      <label htmlFor={id}>{label}</label>
      {children}
      {error && <div className="error" id={id && `${id}-error`}>{error}</div>}
      {hint && <div className="hint" id={id && `${id}-hint`}>{hint}</div>}
    </div>
  )
}

const described = (id: string, { error, hint }: Said) => ({
  id,
  'aria-invalid': error ? true : undefined,
  'aria-describedby': [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ') || undefined,
})

export function TextField({ value, onChange, placeholder, suggestions, type, mono, autoFocus, required, disabled, ...said }: Said & {
  value: string
  onChange: (value: string) => void
  placeholder?: string
  suggestions?: readonly string[]
  type?: HTMLInputTypeAttribute
  mono?: boolean
  autoFocus?: boolean
  required?: boolean
  disabled?: boolean
}) {
  const id = useId()
  return (
    <Field {...said} id={id}>
      <input {...described(id, said)} className={mono ? 'mono' : ''} type={type ?? 'text'} value={value} placeholder={placeholder} list={suggestions && `${id}-list`}
        autoFocus={autoFocus} required={required} disabled={disabled} autoComplete="off" spellCheck={false} onChange={(e) => onChange(e.target.value)} />
      {suggestions && <datalist id={`${id}-list`}>{suggestions.map((s) => <option key={s} value={s} />)}</datalist>}
    </Field>
  )
}

/** A whole number, or nothing. */
export function NumberField({ value, onChange, min, max, step, placeholder, unit, autoFocus, ...said }: Said & {
  value: number | undefined
  onChange: (value: number | undefined) => void
  min?: number
  max?: number
  step?: number
  placeholder?: string
  unit?: string
  autoFocus?: boolean
}) {
  const id = useId()
  return (
    <Field {...said} id={id}>
      <span className="with-unit">
        <input {...described(id, said)} type="number" value={value ?? ''} min={min} max={max} step={step} placeholder={placeholder} autoFocus={autoFocus}
          onChange={(e) => onChange(e.target.value === '' ? undefined : Number(e.target.value))} />
        {unit && <span className="quiet">{unit}</span>}
      </span>
    </Field>
  )
}

export function SelectField({ value, onChange, options, disabled, ...said }: Said & {
  value: string
  onChange: (value: string) => void
  options: readonly (readonly [string, string])[]
  disabled?: boolean
}) {
  const id = useId()
  return (
    <Field {...said} id={id}>
      <select {...described(id, said)} value={value} disabled={disabled} onChange={(e) => onChange(e.target.value)}>
        {options.map(([key, title]) => <option key={key} value={key}>{title}</option>)}
      </select>
    </Field>
  )
}

export function TextArea({ value, onChange, rows = 4, mono, placeholder, ...said }: Said & {
  value: string
  onChange: (value: string) => void
  rows?: number
  mono?: boolean
  placeholder?: string
}) {
  const id = useId()
  return (
    <Field {...said} id={id}>
      <textarea {...described(id, said)} className={mono ? 'mono' : ''} rows={rows} value={value} placeholder={placeholder} spellCheck={!mono} onChange={(e) => onChange(e.target.value)} />
    </Field>
  )
}

export function Check({ checked, onChange, ...said }: Said & { checked: boolean; onChange: (checked: boolean) => void }) {
  const id = useId()
  return (
    <div className="field check">
      <label><input {...described(id, said)} type="checkbox" checked={checked} onChange={(e) => onChange(e.target.checked)} /> {said.label}</label>
      {said.hint && <div className="hint" id={`${id}-hint`}>{said.hint}</div>}
    </div>
  )
}

/** Keys and their values, a line each. The order stays as it is typed. */
export function Pairs({ value, onChange, keys, ...said }: Said & {
  value: Record<string, string>
  onChange: (value: Record<string, string>) => void
  keys?: readonly string[]
}) {
  const id = useId()
  const all = Object.entries(value)
  const write = (next: [string, string][]) => onChange(Object.fromEntries(next))
  return (
    <fieldset className={said.error ? 'field pairs wrong' : 'field pairs'}>
      <legend>{said.label}</legend>
      {all.map(([k, v], i) => (
        <div key={i} className="pair">
          <input className="mono" aria-label={`${said.label}: key ${i + 1}`} value={k} list={keys && id} spellCheck={false} onChange={(e) => write(all.map((p, at) => (at === i ? [e.target.value, v] : p)))} />
          <input className="mono" aria-label={`${said.label}: value of ${k || i + 1}`} value={v} spellCheck={false} onChange={(e) => write(all.map((p, at) => (at === i ? [k, e.target.value] : p)))} />
          <button type="button" className="plain" aria-label={`Remove ${k || 'the line'}`} onClick={() => write(all.filter((_, at) => at !== i))}>✕</button>
        </div>
      ))}
      {keys && <datalist id={id}>{keys.map((k) => <option key={k} value={k} />)}</datalist>}
      <button type="button" disabled={'' in value} onClick={() => write([...all, ['', '']])}>Add</button>
      {said.error && <div className="error">{said.error}</div>}
      {said.hint && <div className="hint">{said.hint}</div>}
    </fieldset>
  )
}
