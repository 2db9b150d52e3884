export { createFolderArtifacts, type FolderArtifacts } from './folder.ts';
