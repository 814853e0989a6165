import t from 'tap'
import { identityOf } from '../../../lib/hub/v1/identity.js'

void t.test('an identity is found by itself', async (t) => {
  const hello = { client_id: 'c', role: 'publisher' as const, capabilities: [] }
  t.equal(identityOf(hello, 's'), null)
  t.equal(identityOf({ ...hello, agent_id: null, pane_id: null }, 's'), null)
  t.equal(identityOf({ ...hello, agent_id: 'x::1' }, 's'), 'foreign')
  t.match(identityOf({ ...hello, agent_id: 'a', pane_id: '1', project_root: null }, 's'), {
    agentId: 's::1',
    paneId: '1',
    saidId: 'a',
    projectRoot: '',
  })
})
