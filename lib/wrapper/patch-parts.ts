/** UTF-8 bytes of the `result` of one part as JSON: what is left of a frame is for any envelope around it. */
export const partResultBytesMax = 240_000

/**
 * Cuts a patch into pieces that give it when they are joined, each of at most `bytesMax` UTF-8 bytes as JSON, its
 * quotes among them; a character larger than that is a piece of its own. A character is never cut, so that each piece
 * is a text. At least one piece, and only that of an empty patch is empty. Pure.
 */
export function cutPatch(patch: string, bytesMax: number): string[] {
  const pieces: string[] = []
  const roomBytes = bytesMax - '""'.length
  let start = 0
  let bytes = 0
  for (let at = 0; at < patch.length;) {
    const { units, jsonBytes } = sizeAt(patch, at)
    if (bytes + jsonBytes > roomBytes && at > start) {
      pieces.push(patch.slice(start, at))
      start = at
      bytes = 0
    }
    bytes += jsonBytes
    at += units
  }
  pieces.push(patch.slice(start))
  return pieces
}

const pair = { units: 2, jsonBytes: 4 }
/** How large a character is as JSON, by how many bytes it takes. */
const single = Array.from({ length: 7 }, (_, jsonBytes) => ({ units: 1, jsonBytes }))

/** The size of the character at a place of a text, as `JSON.stringify` prints it in UTF-8. */
function sizeAt(text: string, at: number): { units: number; jsonBytes: number } {
  const unit = text.charCodeAt(at)
  if (unit < 0x20) return single[/[\b\t\n\f\r]/.test(text[at]!) ? 2 : 6]!
  if (unit < 0x80) return single[unit === 0x22 || unit === 0x5c ? 2 : 1]!
  if (unit < 0x800) return single[2]!
  if (unit < 0xd800 || unit > 0xdfff) return single[3]!
  // Half a pair is printed as an escape.
  return text.codePointAt(at)! > 0xffff ? pair : single[6]!
}
