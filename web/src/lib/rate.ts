// Rates from counters that are read now and then. Pure.

export interface Reading {
  at: number // milliseconds
  count: number
}

export interface Rate {
  last: Reading
  perSecond: number | undefined
  history: number[] // newest last, at most `keep`
}

/** Adds a reading of a counter. A counter that went back began anew. */
export function advance(rate: Rate | undefined, reading: Reading, keep = 60): Rate {
  if (!rate || reading.count < rate.last.count) return { last: reading, perSecond: undefined, history: rate?.history ?? [] }
  const seconds = (reading.at - rate.last.at) / 1000
  if (seconds < 0.2) return rate
  const perSecond = (reading.count - rate.last.count) / seconds
  return { last: reading, perSecond, history: [...rate.history, perSecond].slice(-keep) }
}
