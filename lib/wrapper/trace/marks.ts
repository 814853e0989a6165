/**
 * The words that agents' own titles, notifications and dialogs are made of: these stay in a blanked trace, so that it
 * can be judged again. Nobody's secret is spelled by them; single letters, which an echo may show one by one, are none.
 */
const dialogs = `
  above accept accepted accessing action add again agent agents all allow allowed always amend an and answer
  answers any apply approval approve are arrow ask authenticate automatically available awaiting back background
  call cancel change changes check claude code codex cogitating command commands complete confirm content
  contents continue conversation cooked ctrl decline denied deny detailed detected detection differently
  directory dismiss do don't done edit edits enabled end enter esc execution exit external field files find
  first focus folder following for form from gemini get grant hooks how implement implementation in input insert
  instead interrupt interrupted interrupting is it keep key keys left like loop made make may mcp mode more
  navigate need needed needs network new no normal not notes of off on once open openai opencode options or
  outside permission plan potential press proceed project prompt proposed question questions quick ready reject
  rejected replace request requested requests required review run running safety says select selected send
  server session settings shell shortcuts should showing skip start stop submit suggest switch tab tell terminal
  terminals than that the there thinking this to toggle tool transcript trust turn unanswered update use used
  user using visual wait waiting waits want wants what what's when which with work worked working workspace
  would write yes you your
`

export const markWords: ReadonlySet<string> = new Set(dialogs.split(/\s+/).filter(Boolean))
