const charsMax = 120

/**
 * What somebody else wrote, as it may stand in a message, a log or an HTTP answer: in quotation marks, printable ASCII
 * (all else escaped, so that look-alikes are seen), and not long.
 */
export function quoted(text: string): string {
  const cut = text.length > charsMax ? `${text.slice(0, charsMax)}...` : text
  return JSON.stringify(cut).replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
