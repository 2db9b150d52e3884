export { loadContracts } from './contracts.ts';
export { findPackage, type TaskPackage } from './find.ts';
export { loadTasks, TaskRegistry } from './tasks.ts';
