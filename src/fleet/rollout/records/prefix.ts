/** The small records of all rollouts; a list of them is a list of the rollouts and how each stands. Loads nothing else. */
export const rolloutsPrefix = 'rollouts/';
