/**
 * The words that agents' own titles, notifications and dialogs are made of: these stay in a blanked trace, so that it
 * can be judged again. Nobody's secret is spelled by them.
 */
const dialogs = `
  a above accept accepted accessing action add again agent agents all allow allowed always amend an and answer
  answers any apply approval approve are arrow ask authenticate automatically available back background c call
  cancel change changes check claude code codex cogitating command commands complete confirm content contents
  continue conversation cooked ctrl decline deny detected detection differently directory dismiss do don't done
  edit edits enabled enter esc execution exit external field files find first folder following for form from
  gemini get grant hooks how i implement implementation in input interrupt interrupted interrupting is it keep
  key keys left like loop made make may mcp mode more navigate need needed needs network new no not notes of off
  on once open openai opencode options or outside permission plan potential press proceed project prompt
  proposed question questions quick ready reject rejected request requested requests required review run running
  safety says select selected send server session settings shell shortcuts should skip start stop submit suggest
  switch tab tell terminal terminals than that the there thinking this to toggle tool trust turn unanswered
  update use used user using wait waiting waits want wants what what's when which with work worked working
  workspace would write yes you your
`

export const markWords: ReadonlySet<string> = new Set(dialogs.split(/\s+/).filter(Boolean))
