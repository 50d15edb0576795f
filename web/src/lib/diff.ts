// Line differences of two texts, for revisions. Pure.

export interface Line {
  kind: 'same' | 'added' | 'removed'
  text: string
}

/** The longest common subsequence of lines, with what was added and removed. */
export function diffLines(before: string, after: string): Line[] {
  const a = before.split('\n')
  const b = after.split('\n')
  const width = b.length + 1
  const table = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      table[i * width + j] =
        a[i] === b[j] ? table[(i + 1) * width + j + 1]! + 1 : Math.max(table[(i + 1) * width + j]!, table[i * width + j + 1]!)
  const lines: Line[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i++]! })
      j++
    } else if (i < a.length && (j === b.length || table[(i + 1) * width + j]! >= table[i * width + j + 1]!)) {
      lines.push({ kind: 'removed', text: a[i++]! })
    } else {
      lines.push({ kind: 'added', text: b[j++]! })
    }
  }
  return lines
}

/** Only the changed lines and `around` unchanged ones on each side. */
export function changedOnly(lines: Line[], around = 3): Line[] {
  const near = lines.map((_, i) => lines.slice(Math.max(0, i - around), i + around + 1).some((l) => l.kind !== 'same'))
  const out: Line[] = []
  lines.forEach((l, i) => {
    if (near[i]) out.push(l)
    else if (i > 0 && near[i - 1]) out.push({ kind: 'same', text: '⋯' })
  })
  return out
}
