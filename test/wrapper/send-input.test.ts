import t from 'tap'
import { inputBytes, passedError, writtenMessage } from '../../lib/wrapper/send-input.js'

void t.test('a text into a terminal', async (t) => {
  const table: [text: string, paste: boolean, bytes: string, about: string][] = [
    ['1', true, '1', 'a key that answers a dialog is typed'],
    ['é', true, 'é', 'a character is one key'],
    ['\u001b', true, '\u001b', 'Esc'],
    ['\u001b[A\u001b[A', true, '\u001b[A\u001b[A', 'arrows are typed'],
    ['yes', true, '\u001b[200~yes\u001b[201~', 'a text is pasted when that is asked for'],
    ['yes', false, 'yes', 'and typed when not'],
    ['a\nb\r\nc', true, '\u001b[200~a\rb\rc\u001b[201~', 'line ends of a paste'],
    ['a\tb', true, '\u001b[200~a\tb\u001b[201~', 'a tab is text'],
    ['', true, '', 'nothing'],
  ]
  for (const [text, paste, bytes, about] of table) t.equal(inputBytes(text, paste), bytes, about)
  t.throws(
    () => inputBytes('x\u001b[201~\rrm -rf /', true),
    { code: 'invalid_args' },
    'no way out of a paste',
  )
})

void t.test('what a person is told of it', async (t) => {
  const counts: [text: string, message: string][] = [
    ['', '0 characters written'],
    ['1', '1 character written'],
    ['👍', '1 character written'],
    ['yes', '3 characters written'],
  ]
  for (const [text, message] of counts) t.equal(writtenMessage(text), message)

  const { code, message } = passedError('running', 'working on yes', 'nothing was typed')
  t.equal(code, 'attention_passed')
  t.equal(message, 'what this answers has passed: the agent is running (working on yes); nothing was typed')
  t.equal(
    passedError('needs_input', null, 'the text was typed, Enter was not').message,
    'what this answers has passed: the agent asks something else; the text was typed, Enter was not',
  )
})
