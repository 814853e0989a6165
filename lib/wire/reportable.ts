/** What an agent may say of itself; that it is gone, its process says. */
export const reportable = ['running', 'needs_input', 'idle', 'error'] as const
export type Reportable = (typeof reportable)[number]
