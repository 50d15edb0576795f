// How well a text answers to what was typed. Pure.

/** 0: not at all. Every word that was typed must be there; beginnings of words count more. */
export function match(typed: string, text: string): number {
  const has = text.toLowerCase()
  let score = 0
  for (const word of typed.toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = has.indexOf(word)
    if (at < 0) return 0
    score += at === 0 ? 10 : /\W/.test(has[at - 1]!) ? 6 : 2
  }
  return score + (score > 0 ? 4 / (4 + has.length) : 0)
}
