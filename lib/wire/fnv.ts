/** FNV-1a, 32 bits, over the UTF-8 bytes of a string; an unsigned integer. Seed 000, "Port Derivation". */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) {
    hash ^= byte
    hash = Math.imul(hash, 0x01000193)
  }
  return hash >>> 0
}
