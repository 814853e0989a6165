/** Characters that a person is shown of what an agent asks or does. */
const detailCharsMax = 140

/** The argument that says most of a tool's call, by its name in any agent; the first that is there counts. */
const telling = [
  'command',
  'cmd',
  'file_path',
  'filePath',
  'absolute_path',
  'notebook_path',
  'path',
  'dir_path',
  'url',
  'pattern',
  'query',
  'skill',
  'description',
  'prompt',
]

/**
 * What a person needs of a tool's call: its name and main argument, or the text of the question it asks, or the plan's
 * heading. One line of at most 140 characters.
 * @param input the call's arguments as the agent gives them; anything at all.
 */
export function toolDetail(tool: string, input: unknown): string {
  const said = questionOf(input) ?? planOf(input)
  if (said !== null) return oneLine(said)
  const argument = argumentOf(input)
  return oneLine(argument === null ? tool : `${tool}: ${argument}`)
}

/** Text as one line of at most 140 characters, without control characters. */
export function oneLine(text: string): string {
  // Nothing that far on is shown; texts may be whole files.
  const line = text
    .slice(0, 8 * detailCharsMax)
    .toWellFormed()
    .replaceAll(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
  const characters = Array.from(line)
  if (characters.length <= detailCharsMax) return line
  return `${characters
    .slice(0, detailCharsMax - 1)
    .join('')
    .trimEnd()}…`
}

/** A value as an object whose fields can be read; null when it is none. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}

/** The fields of a JSON object that a text is; null when it is none. */
export function jsonFieldsOf(text: string | null): Readonly<Record<string, unknown>> | null {
  if (text === null) return null
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return null
  }
}

/** A text that says something; null for anything else. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

function questionOf(input: unknown): string | null {
  const fields = fieldsOf(input)
  const questions: unknown = fields?.['questions']
  if (!Array.isArray(questions)) return null
  const text = textOf(fieldsOf(questions[0])?.['question'])
  return text !== null && questions.length > 1 ? `${text} (1 of ${questions.length})` : text
}

function planOf(input: unknown): string | null {
  const plan = textOf(fieldsOf(input)?.['plan'])
  const heading = plan?.trimStart().split('\n', 1)[0]
  return heading === undefined ? null : heading.replace(/^#+\s*/, '') || null
}

function argumentOf(input: unknown): string | null {
  if (typeof input === 'string') return textOf(input)
  const fields = fieldsOf(input)
  if (fields === null) return null
  for (const name of telling) {
    const value = fields[name]
    // Codex gives a command as its words.
    const words: unknown[] = Array.isArray(value) ? value.slice(0, 64) : [value]
    const text = words.every((word) => typeof word === 'string') ? textOf(words.join(' ')) : null
    if (text !== null) return text
  }
  return (
    Object.values(fields)
      .map(textOf)
      .find((text) => text !== null) ?? null
  )
}
