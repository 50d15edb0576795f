// Makes a picture of a page small: 256 colours, one byte a pixel.
import { readFileSync, writeFileSync } from 'node:fs'
import { crc32, deflateSync, inflateSync } from 'node:zlib'

/** Reads the pixels of a PNG of 8 bits a channel, without interlacing, as Chromium writes it. */
function pixels(file) {
  let width = 0
  let height = 0
  let channels = 3
  const data = []
  for (let at = 8; at < file.length; ) {
    const size = file.readUInt32BE(at)
    const kind = file.toString('latin1', at + 4, at + 8)
    const body = file.subarray(at + 8, at + 8 + size)
    if (kind === 'IHDR') {
      width = body.readUInt32BE(0)
      height = body.readUInt32BE(4)
      if (body[8] !== 8 || (body[9] !== 2 && body[9] !== 6) || body[12] !== 0) return undefined
      channels = body[9] === 6 ? 4 : 3
    } else if (kind === 'IDAT') data.push(body)
    at += size + 12
  }
  const raw = inflateSync(Buffer.concat(data))
  const line = width * channels
  const out = Buffer.alloc(line * height)
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (line + 1)]
    for (let x = 0; x < line; x++) {
      const a = x >= channels ? out[y * line + x - channels] : 0
      const b = y > 0 ? out[(y - 1) * line + x] : 0
      const c = x >= channels && y > 0 ? out[(y - 1) * line + x - channels] : 0
      const p = a + b - c
      const paeth = Math.abs(p - a) <= Math.abs(p - b) && Math.abs(p - a) <= Math.abs(p - c) ? a : Math.abs(p - b) <= Math.abs(p - c) ? b : c
      out[y * line + x] = raw[y * (line + 1) + 1 + x] + [0, a, b, (a + b) >> 1, paeth][filter]
    }
  }
  return { width, height, channels, out }
}

/** Writes the picture again with its 256 most frequent colours; the others become the nearest of them. */
export function shrink(path) {
  const image = pixels(readFileSync(path))
  if (!image) return
  const { width, height, channels, out } = image
  const counts = new Map()
  for (let i = 0; i < out.length; i += channels) {
    const colour = (out[i] << 16) | (out[i + 1] << 8) | out[i + 2]
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  const palette = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([c]) => c)
  const index = new Map(palette.map((c, i) => [c, i]))
  const nearest = (c) => {
    let best = 0
    let least = Infinity
    palette.forEach((p, i) => {
      const far = ((p >> 16) - (c >> 16)) ** 2 + (((p >> 8) & 255) - ((c >> 8) & 255)) ** 2 + ((p & 255) - (c & 255)) ** 2
      if (far < least) [best, least] = [i, far]
    })
    index.set(c, best)
    return best
  }
  const raw = Buffer.alloc((width + 1) * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * channels
      const colour = (out[i] << 16) | (out[i + 1] << 8) | out[i + 2]
      raw[y * (width + 1) + 1 + x] = index.get(colour) ?? nearest(colour)
    }
  const chunk = (kind, body) => {
    const named = Buffer.concat([Buffer.from(kind, 'latin1'), body])
    const size = Buffer.alloc(4)
    size.writeUInt32BE(body.length)
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(named))
    return Buffer.concat([size, named, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head[8] = 8
  head[9] = 3
  const colours = Buffer.from(palette.flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255]))
  writeFileSync(path, Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('PLTE', colours), chunk('IDAT', deflateSync(raw, { level: 9 })), chunk('IEND', Buffer.alloc(0)),
  ]))
}
