// A button with a list of things to do, on the popover of the platform.
import type { KeyboardEvent, ReactNode } from 'react'
import { useId, useRef } from 'react'

export interface MenuItem {
  label: ReactNode
  hint?: ReactNode
  href?: string
  onSelect?: () => void
  danger?: boolean
  disabled?: boolean
  checked?: boolean
}

export function Menu({ label, title, items, className, align = 'left', children, testid }: {
  label: ReactNode
  /** What screen readers say, where the label is a sign. */
  title?: string
  items: (MenuItem | undefined | false)[]
  className?: string
  align?: 'left' | 'right'
  children?: ReactNode
  testid?: string
}) {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const list = useRef<HTMLDivElement>(null)
  // Shown, placed and focused within the press itself: a key that follows at once already moves in the list.
  const toggle = (e: { preventDefault: () => void }) => {
    e.preventDefault()
    const b = button.current?.getBoundingClientRect()
    if (!b || !list.current?.togglePopover()) return
    const s = list.current.style
    s.top = `${Math.min(b.bottom + 4, innerHeight - 80)}px`
    s.maxHeight = `${innerHeight - Math.min(b.bottom + 4, innerHeight - 80) - 12}px`
    s.left = align === 'left' ? `${Math.max(8, Math.min(b.left, innerWidth - list.current.offsetWidth - 8))}px` : 'auto'
    s.right = align === 'right' ? `${Math.max(8, innerWidth - b.right)}px` : 'auto'
    list.current.querySelector<HTMLElement>('[role^=menuitem]:not([aria-disabled=true])')?.focus()
  }
  const keys = (e: KeyboardEvent) => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])]
    const at = all.indexOf(document.activeElement as HTMLElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[e.key]
    if (to === undefined) return
    e.preventDefault()
    all.at(to % all.length)?.focus()
  }
  const close = () => {
    list.current?.hidePopover()
    button.current?.focus()
  }
  return (
    <>
      <button ref={button} type="button" className={className} popoverTarget={id} onClick={toggle} onKeyDown={(e) => e.key === 'ArrowDown' && toggle(e)} aria-haspopup="menu" aria-label={title} title={title} data-testid={testid}>{label}</button>
      <div ref={list} id={id} popover="auto" className="menu" onKeyDown={keys}>
        {children}
        <div role="menu" aria-label={title ?? (typeof label === 'string' ? label : undefined)}>
          {items.map((item, i) => item && <Item key={i} item={item} close={close} />)}
        </div>
      </div>
    </>
  )
}

function Item({ item, close }: { item: MenuItem; close: () => void }) {
  const role = item.checked === undefined ? 'menuitem' : 'menuitemradio'
  const inside = (
    <>
      <span>{item.checked !== undefined && <span className="check" aria-hidden="true">{item.checked ? '✓' : ''}</span>}{item.label}</span>
      {item.hint && <span className="quiet small">{item.hint}</span>}
    </>
  )
  const shared = { role, className: item.danger ? 'danger' : '', 'aria-checked': item.checked, tabIndex: -1 }
  if (item.href && !item.disabled) return <a {...shared} href={item.href} onClick={close}>{inside}</a>
  return (
    <button type="button" {...shared} aria-disabled={item.disabled} onClick={() => {
      if (item.disabled) return
      close()
      item.onSelect?.()
    }}>{inside}</button>
  )
}
