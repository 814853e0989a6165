/**
 * Text of somebody else's as it may go into a notification: one line, no control or format characters, at most so
 * many characters, with `…` where it was cut. Pure.
 */
export function plain(text: string, charsMax: number): string {
  // Whoever publishes a state may make a text of hundreds of kilobytes: the rest of it is not looked at.
  const line = text
    .slice(0, charsMax * 8)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, (removed) =>
      /[\t\n\r\u2028\u2029]/.test(removed) ? ' ' : '',
    )
    .trim()
  const characters = Array.from(line)
  return characters.length <= charsMax ? line : `${characters.slice(0, charsMax - 1).join('')}…`
}
