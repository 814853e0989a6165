/**
 * The words that agents' own titles, notifications and dialogs are made of: these stay in a blanked trace, so that it
 * can be judged again. Nobody's secret is spelled by them.
 */
const dialogs = `
  yes no do you want to proceed make this edit allow deny always reject approve once don't and tell what differently
  would like run the following command esc enter tab cancel confirm amend interrupt interrupted select navigate arrow
  keys action required ready working waiting for your input needs permission approval requested turn complete plan
  question answers submit review trust folder exit keep planning is of use not ask again session press ctrl
  c again quick safety check accessing workspace permission accept decline allowed changes apply change
  thinking claude code codex gemini opencode agent conversation
`

export const markWords: ReadonlySet<string> = new Set(dialogs.split(/\s+/).filter(Boolean))
