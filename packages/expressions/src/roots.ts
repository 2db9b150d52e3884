/** What an expression may name. Whether it is there, and what it is, depends on where the expression stands. */
export const ROOTS = ['params', 'inputs', 'tasks', 'run', 'item', 'index', 'secrets', 'row', 'vars'] as const;
