/** The session of every hub that a bench starts. */
export const benchSession = 'bench'
