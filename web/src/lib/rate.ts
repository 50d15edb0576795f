// Rates from counters that are read now and then. Pure.

export interface Reading {
  at: number // milliseconds
  count: number
}

export interface Rate {
  last: Reading
  perSecond: number | undefined
}

/** Adds a reading of a counter. A counter that went back began anew. */
export function advance(rate: Rate | undefined, reading: Reading): Rate {
  if (!rate || reading.count < rate.last.count) return { last: reading, perSecond: undefined }
  const seconds = (reading.at - rate.last.at) / 1000
  if (seconds < 0.2) return rate
  return { last: reading, perSecond: (reading.count - rate.last.count) / seconds }
}
